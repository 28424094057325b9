/**
 * What the gateway itself is shown by a server: over a session of its own, with fixed capabilities. One caller cannot
 * change it, so it decides what is pinned and withheld for everybody (B11).
 */
import type { DefinitionKind, Log } from '@sallyport/guard';
import { LISTED_KINDS, LISTS } from '@sallyport/server/mcp/lists';
import { atMost } from '../../aborted.ts';
import { reasonOf } from '../transports/failure.ts';

/**
 * Puts one list through the guard, as a call of the gateway itself: `{method, target: {kind: 'servers', servers:
 * [server]}, credentials: {kind: 'gateway', tenant: '_'}}`.
 */
export type AskAsGateway = (server: string, method: string) => Promise<unknown>;

/** The gateway's own view of all servers. */
export interface OwnView {
  /**
   * Compares the list of a server with the pins as the gateway is shown it after this call. Never rejects: when that
   * fails, or takes too long, the pins stay as they are, and the caller is judged by them.
   */
  refresh(server: string, kind: DefinitionKind): Promise<void>;
}

/** How long a caller waits for it: a process may have to start. */
const WAIT_MS_MAX = 5_000;

interface Refreshing {
  readonly running: Promise<void>;
  /** Begins when the one that runs has ended, and serves everybody who asked meanwhile. */
  queued: Promise<void> | undefined;
}

/** At most one list of a kind is read from a server at a time, however many callers ask. */
export function createOwnView(ask: AskAsGateway, log: Log): OwnView {
  const refreshing = new Map<string, Refreshing>();
  const read = async (server: string, kind: DefinitionKind): Promise<void> => {
    try {
      await ask(server, kind === 'server' ? LISTS[LISTED_KINDS[0] ?? 'tool'].method : LISTS[kind].method);
    } catch (thrown) {
      log('debug', 'the gateway could not list for itself', { server, kind, why: reasonOf(thrown) });
    }
  };
  const start = (key: string, server: string, kind: DefinitionKind): Promise<void> => {
    const entry: Refreshing = { running: read(server, kind), queued: undefined };
    refreshing.set(key, entry);
    void entry.running.then(() => {
      if (entry.queued === undefined) refreshing.delete(key);
    });
    return entry.running;
  };
  return {
    refresh(server, kind) {
      const key = `${server} ${kind}`;
      const current = refreshing.get(key);
      if (current === undefined) return atMost(WAIT_MS_MAX, start(key, server, kind));
      current.queued ??= current.running.then(() => start(key, server, kind));
      return atMost(WAIT_MS_MAX, current.queued);
    },
  };
}
