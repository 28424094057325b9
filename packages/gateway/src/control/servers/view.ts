/** A server as the control API shows it: without credentials, and with the figures of the caller's tenant alone. */
import type { PendingDigest } from '@sallyport/guard';
import { z } from 'zod';
import type { ApiCaller } from '../api/access.ts';
import type { ApiDeps } from '../deps.ts';
import type { ServerSettings, ServerTransport } from '../../snapshot.ts';

/** Whether a server can be reached. */
export const healthSchema = z
  .object({
    name: z.string(),
    status: z.enum(['ready', 'starting', 'failed', 'unknown']),
    since: z.iso.datetime(),
    error: z.string().optional(),
  })
  .meta({ id: 'ServerHealth' });

/** One server. */
export const serverSchema = healthSchema
  .extend({
    transport: z.enum(['http', 'stdio', 'openapi']),
    era: z.enum(['auto', 'legacy', 'modern']).describe('Revisions that are spoken with it.'),
    url: z.string().optional().describe('Without its query.'),
    command: z.string().optional().describe('The program, without its arguments.'),
    labels: z.array(z.string()),
    required: z.boolean().describe('The gateway is not ready without it.'),
    pin: z.enum(['first_use', 'approval']),
    tools: z.int(),
    prompts: z.int(),
    resources: z.int().describe('With templates.'),
    pending_definitions: z.int().describe('What waits for approval.'),
    sessions: z.int().describe('Open sessions of all tenants.'),
    children: z.int().describe('Child processes.'),
    calls: z.int().describe('Of the caller’s tenant, within the last minutes.'),
    p50_ms: z.number().optional(),
    p99_ms: z.number().optional(),
  })
  .meta({ id: 'Server' });

/** The health of a server. */
export function healthOf(name: string, { servers }: Pick<ApiDeps, 'servers'>): z.input<typeof healthSchema> {
  const { status, sinceMs, error } = servers.state(name);
  return { name, status, since: new Date(sinceMs).toISOString(), ...(error !== undefined && { error }) };
}

/** @param pending everything that waits for approval, of all servers. */
export function serverView(
  settings: ServerSettings,
  pending: readonly PendingDigest[],
  { tenant }: ApiCaller,
  deps: Pick<ApiDeps, 'servers' | 'activity'>,
): z.input<typeof serverSchema> {
  const { name, transport, era, labels, required, pin } = settings;
  const definitions = deps.servers.definitions(name);
  const count = (...kinds: readonly string[]): number => definitions.filter(({ kind }) => kinds.includes(kind)).length;
  const sessions = deps.servers.sessions(name);
  const { calls, p50Ms, p99Ms } = deps.activity.server(tenant.id, name);
  return {
    ...healthOf(name, deps),
    transport: transport.kind,
    era,
    ...addressOf(transport),
    labels: [...labels],
    required,
    pin,
    tools: count('tool'),
    prompts: count('prompt'),
    resources: count('resource', 'resource_template'),
    pending_definitions: pending.filter(({ server, rejected }) => server === name && rejected === undefined).length,
    sessions,
    children: transport.kind === 'stdio' ? sessions : 0,
    calls,
    ...(p50Ms !== undefined && { p50_ms: p50Ms }),
    ...(p99Ms !== undefined && { p99_ms: p99Ms }),
  };
}

function addressOf(transport: ServerTransport): { readonly url: string } | { readonly command: string } {
  if (transport.kind === 'stdio') return { command: transport.command };
  return { url: withoutQuery(transport.kind === 'http' ? transport.url : transport.baseUrl) };
}

/** Some servers are given a key in the query. */
function withoutQuery(text: string): string {
  const url = new URL(text);
  url.search = '';
  return url.href;
}
