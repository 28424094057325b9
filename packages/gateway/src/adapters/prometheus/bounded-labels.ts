/**
 * Label values from a bounded set. If callers could choose label values, they could fill the memory of the gateway and
 * of the Prometheus server; so every unknown value becomes `other`.
 */
import { isMethod } from '@sallyport/guard';

/** The label value of everything that is not known. */
export const OTHER = 'other';

const HTTP_METHODS = new Set(['GET', 'DELETE', 'OPTIONS', 'HEAD']);
const ENDPOINTS = new Set(['/mcp', '/health', '/ready', '/metrics', 'stdio']);

/** A method of MCP, or the HTTP method of a request that has none. */
export function methodLabel(method: string): string {
  return isMethod(method) || HTTP_METHODS.has(method) ? method : OTHER;
}

/** The path of an endpoint. Metadata documents and `/oauth` are shortened to their first segment. */
export function endpointLabel(endpoint: string, servers: ReadonlySet<string>): string {
  if (ENDPOINTS.has(endpoint)) return endpoint;
  if (endpoint.startsWith('/mcp/')) return servers.has(endpoint.slice(5)) ? endpoint : OTHER;
  if (endpoint.startsWith('/.well-known/')) return '/.well-known';
  return endpoint === '/oauth' || endpoint.startsWith('/oauth/') ? '/oauth' : OTHER;
}

/** An HTTP status code. */
export function statusLabel(status: number): string {
  return Number.isInteger(status) && status >= 100 && status <= 599 ? String(status) : OTHER;
}

/** A configured tenant; `_` when the tenant is not known yet. */
export function tenantLabel(tenant: string | undefined, tenants: ReadonlySet<string>): string {
  if (tenant === undefined || tenant === '_') return '_';
  return tenants.has(tenant) ? tenant : OTHER;
}

/**
 * A word of the gateway's own code, such as an error type. The form is checked, in case the word is made from input.
 */
export function wordLabel(word: string): string {
  return /^[a-z][a-z0-9_]{0,39}$/.test(word) ? word : OTHER;
}
