/**
 * `notifications/roots/list_changed`: a legacy client says that its roots have changed. Servers then ask for the list.
 */
import { isObject, type Log, type McpResult } from '@sallyport/guard';
import { NOTIFICATION } from '@sallyport/server/mcp/notifications';
import type { ServerCall } from '../calls/server-call.ts';
import type { SessionPool } from '../sessions/pool.ts';

/** Passes it on to the legacy servers that this client's session is connected to and that may see its roots. */
export async function sendRootsChanged(pool: SessionPool, log: Log, calls: readonly ServerCall[]): Promise<McpResult> {
  for (const { settings, owner, clientCapabilities } of calls) {
    const { roots } = clientCapabilities;
    if (!isObject(roots) || roots['listChanged'] !== true) continue;
    const sessions = pool.sessionsOf(settings.name, owner).filter(({ connection }) => connection.era === 'legacy');
    await Promise.all(
      sessions.map(({ connection }) =>
        connection
          .notify(NOTIFICATION.rootsListChanged, {})
          .catch(() =>
            log('debug', 'a server did not get the notification of changed roots', { server: settings.name }),
          ),
      ),
    );
  }
  return { value: {} };
}
