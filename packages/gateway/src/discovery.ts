/**
 * Discovery: the gateway lists the definitions of every server, at start and again while a server cannot be reached.
 */
import type { Call, ClientChannel, Clock, Guard, Outcome, SendUpstream } from '@sallyport/guard';
import type { Upstreams } from './upstream/upstreams.ts';
import { MODERN_VERSION } from '@sallyport/server/mcp/revisions';

const RETRY_MS = 5_000;
const DEADLINE_MS = 30_000;

/** Runs discovery until it is stopped. */
export interface Discovery {
  /** Lists the definitions of every server. Resolves when each has answered or failed. Never rejects. */
  run(): Promise<void>;
  /** Whether a server still waits for its first attempt since the start. */
  isWaiting(server: string): boolean;
  /** Ends the retries. */
  stop(): void;
}

/** Puts one list of a server through the guard, as a call of the gateway itself. */
export const askAsGateway = (
  guard: Guard,
  send: SendUpstream,
  clock: Clock,
  server: string,
  method: string,
): Promise<Outcome> => guard.run(gatewayCall(server, method, clock), (permit) => send(permit, NO_CLIENT_CHANNEL));

/**
 * A server that cannot be reached is tried again after 5 s until `stop`, each for itself: one that takes a minute to
 * fail must not keep the others from being tried.
 */
export function createDiscovery(
  upstreams: Pick<Upstreams, 'discover' | 'ready'> & { readonly directory: Pick<Upstreams['directory'], 'servers'> },
): Discovery {
  const retries = new Map<string, NodeJS.Timeout>();
  const attempted = new Set<string>();
  let stopped = false;
  let isFirstRun = true;
  const attempt = async (server: string): Promise<void> => {
    clearTimeout(retries.get(server));
    await upstreams.discover([server]);
    attempted.add(server);
    clearTimeout(retries.get(server));
    retries.delete(server);
    // A server that was removed meanwhile has no entry.
    if (stopped || upstreams.ready()[server] === undefined) return;
    retries.set(
      server,
      setTimeout(() => void attempt(server), RETRY_MS),
    );
  };
  return {
    async run() {
      await Promise.all(upstreams.directory.servers().map(attempt));
      isFirstRun = false;
    },
    isWaiting: (server) => isFirstRun && !attempted.has(server),
    stop: () => {
      stopped = true;
      for (const retry of retries.values()) clearTimeout(retry);
    },
  };
}

/** The channel of a call without a client: nothing can be sent back on it. */
const NO_CLIENT_CHANNEL: ClientChannel = {
  era: 'modern',
  capabilities: {},
  logLevel: undefined,
  progressToken: undefined,
  notify: () => {},
  request: undefined,
};

/** A call that the gateway makes for itself. It passes the guard and is recorded like every other call. */
function gatewayCall(server: string, method: string, clock: Clock): Call {
  return Object.freeze({
    method,
    target: { kind: 'servers', servers: [server] } as const,
    params: {},
    rawArguments: undefined,
    credentials: { kind: 'gateway', tenant: '_' } as const,
    session: undefined,
    deadlineMs: clock.now() + DEADLINE_MS,
    signal: AbortSignal.timeout(DEADLINE_MS),
    origin: {
      transport: 'embedded',
      era: 'modern',
      protocolVersion: MODERN_VERSION,
      address: '',
      correlationId: crypto.randomUUID(),
      traceparent: undefined,
      clientInfo: undefined,
    } as const,
  });
}
