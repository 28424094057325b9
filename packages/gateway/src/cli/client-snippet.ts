/** How a client is pointed at the gateway, printed when a server was added. */
import type { Snapshot } from '../snapshot.ts';

/** The MCP endpoint of one server, or of all. */
export const endpointOf = ({ gateway }: Pick<Snapshot, 'gateway'>, server?: string): string =>
  `${gateway.publicUrl}/mcp${server === undefined ? '' : `/${server}`}`;

/** What to do next, as lines of a shell, and what clients that are not known to `connect` need. */
export function clientSnippet(snapshot: Pick<Snapshot, 'gateway' | 'tenants'>, server: string): string {
  const client = { url: endpointOf(snapshot, server), headers: { Authorization: 'Bearer sp_…' } };
  return [
    'Next:',
    `  sallyport keys create --tenant ${snapshot.tenants[0] ?? 'default'} --name me     # shown once`,
    '  sallyport start',
    '  sallyport connect claude-code                      # or: sallyport connect --help',
    'Any other client that speaks Streamable HTTP:',
    `  ${JSON.stringify({ mcpServers: { [server]: client } })}`,
    '',
  ].join('\n');
}
