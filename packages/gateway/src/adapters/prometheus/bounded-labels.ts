/**
 * A label value that a caller can choose is a way to fill the memory of the gateway and of whoever scrapes it: what is
 * not known becomes `other`.
 */
import { isMethod } from '@sallyport/guard';

export const OTHER = 'other';

const HTTP_METHODS = new Set(['GET', 'DELETE', 'OPTIONS', 'HEAD']);
const ENDPOINTS = new Set(['/mcp', '/health', '/ready', '/metrics', 'stdio']);

/** JSON-RPC methods of the table; HTTP methods for what has none. */
export function methodLabel(method: string): string {
  return isMethod(method) || HTTP_METHODS.has(method) ? method : OTHER;
}

/** `/mcp`, `/mcp/{server}` of a configured server, and the few others; metadata documents and `/oauth` without their tails. */
export function endpointLabel(endpoint: string, servers: ReadonlySet<string>): string {
  if (ENDPOINTS.has(endpoint)) return endpoint;
  if (endpoint.startsWith('/mcp/')) return servers.has(endpoint.slice(5)) ? endpoint : OTHER;
  if (endpoint.startsWith('/.well-known/')) return '/.well-known';
  return endpoint === '/oauth' || endpoint.startsWith('/oauth/') ? '/oauth' : OTHER;
}

export function statusLabel(status: number): string {
  return Number.isInteger(status) && status >= 100 && status <= 599 ? String(status) : OTHER;
}

/** `_` = before a tenant was known. */
export function tenantLabel(tenant: string | undefined, tenants: ReadonlySet<string>): string {
  if (tenant === undefined || tenant === '_') return '_';
  return tenants.has(tenant) ? tenant : OTHER;
}

/** Words from our own code (error types, kinds, results), bounded in form in case one is built from something else. */
export function wordLabel(word: string): string {
  return /^[a-z][a-z0-9_]{0,39}$/.test(word) ? word : OTHER;
}
