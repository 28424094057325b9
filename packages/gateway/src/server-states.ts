/** Whether each server can be reached, and since when: looked at once a second, so that a page need not ask. */
import type { Clock } from '@sallyport/guard';
import type { ServerState } from './control/servers/servers.ts';
import type { Discovery } from './discovery.ts';

/** What the states are made from. */
export interface ServerStatesDeps {
  /** By server: why it could not be reached. */
  readonly ready: () => Readonly<Record<string, string | undefined>>;
  /** `undefined` in a process that serves no calls. */
  readonly discovery: Pick<Discovery, 'isWaiting'> | undefined;
  readonly clock: Clock;
  /** Called for each change of a server's status. */
  readonly changed: (server: string, state: ServerState) => void;
}

/** The states of the configured servers. */
export interface ServerStates {
  of(server: string): ServerState;
  /** Looks again. */
  refresh(): void;
}

/** Nothing is reported for the states at the start. */
export function createServerStates({ ready, discovery, clock, changed }: ServerStatesDeps): ServerStates {
  const states = new Map<string, ServerState>();
  const statusOf = (server: string, error: string | undefined): ServerState['status'] => {
    if (discovery === undefined) return 'unknown';
    if (discovery.isWaiting(server)) return 'starting';
    return error === undefined ? 'ready' : 'failed';
  };
  const refresh = (): void => {
    const reasons = ready();
    for (const server of states.keys()) if (!(server in reasons)) states.delete(server);
    for (const [server, error] of Object.entries(reasons)) {
      const status = statusOf(server, error);
      const known = states.get(server);
      if (known?.status === status && known.error === error) continue;
      const sinceMs = known?.status === status ? known.sinceMs : clock.now();
      const state: ServerState = { status, sinceMs, error: status === 'failed' ? error : undefined };
      states.set(server, state);
      if (known !== undefined && known.status !== status) changed(server, state);
    }
  };
  return {
    refresh,
    of(server) {
      refresh();
      return states.get(server) ?? { status: 'unknown', sinceMs: clock.now(), error: undefined };
    },
  };
}
