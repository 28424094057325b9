/**
 * B7: the calls that tenants and users have under way at each server. A server has a bounded number of sockets, and
 * nobody waits for one because somebody else holds all of them.
 */
import { createFairShares, takeShare, type FairShares } from '@sallyport/guard';
import { REQUEST_SOCKETS_MAX } from '../transports/http/sockets.ts';
import type { ServerCall } from './server-call.ts';

/** The shares of all servers. */
export interface CallShares {
  /**
   * Counts calls, each at its server, until the returned function is called.
   *
   * @throws GuardError `rate_limited` when the share of the caller is used up at one of the servers.
   */
  hold(calls: readonly Pick<ServerCall, 'settings' | 'owner'>[]): () => void;
}

/** Half of the sockets: the others are for what a call needs besides, and a server serves in the order of arrival. */
const CALLS_MAX = REQUEST_SOCKETS_MAX / 2;

/** No call is under way at first. @param callsMax at each server, of everybody together. */
export function createCallShares(callsMax = CALLS_MAX): CallShares {
  const servers = new Map<string, FairShares>();
  const holdOne = ({ settings, owner }: Pick<ServerCall, 'settings' | 'owner'>): (() => void) => {
    const { name } = settings;
    const shares = servers.get(name) ?? createFairShares(() => callsMax);
    const release = takeShare(shares, owner, 'calls … to this server are under way');
    servers.set(name, shares);
    return () => {
      release();
      if (shares.used === 0) servers.delete(name);
    };
  };
  return {
    hold(calls) {
      const held: (() => void)[] = [];
      const releaseAll = (): void => {
        for (const release of held) release();
      };
      try {
        for (const call of calls) held.push(holdOne(call));
      } catch (thrown) {
        releaseAll();
        throw thrown;
      }
      return releaseAll;
    },
  };
}
