/** Reads the lists of servers at start. These are guarded calls like all others, made by the gateway itself. */
import type { Log } from '@sallyport/guard';
import { LIST_METHODS } from '@sallyport/server/mcp/lists';
import type { SessionPool } from './sessions/pool.ts';
import type { AskAsGateway } from './pins/own-view.ts';
import { reasonOf } from './transports/failure.ts';

/** Asks all servers at the same time. A failure is logged. Never rejects. */
export async function discoverServers(
  pool: SessionPool,
  log: Log,
  run: AskAsGateway,
  servers: readonly string[],
): Promise<void> {
  await Promise.all(servers.map((server) => discoverServer(pool, log, run, server)));
}

async function discoverServer(pool: SessionPool, log: Log, run: AskAsGateway, server: string): Promise<void> {
  for (const method of LIST_METHODS) {
    try {
      await run(server, method);
    } catch (thrown) {
      log('warn', 'a server could not be discovered', { server, why: reasonOf(thrown) });
    }
    // A server that cannot be reached for the first list cannot be reached for the others either.
    if (pool.lastFailure(server) !== undefined) return;
  }
}
