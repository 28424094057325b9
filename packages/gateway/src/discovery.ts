/**
 * Discovery: the gateway lists the definitions of every server, at start and again while a server cannot be reached.
 */
import type { Call, ClientChannel, Clock, Guard, Outcome, SendUpstream } from '@sallyport/guard';
import type { Upstreams } from './upstream/upstreams.ts';
import { MODERN_VERSION } from './mcp/revisions.ts';

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

/** Servers that cannot be reached are tried again every 5 s until `stop`. */
export function createDiscovery(upstreams: Upstreams): Discovery {
  let retry: NodeJS.Timeout | undefined;
  let stopped = false;
  const attempted = new Set<string>();
  let isFirstRun = true;
  const discover = async (servers?: readonly string[]): Promise<void> => {
    clearTimeout(retry);
    await Promise.all(
      (servers ?? upstreams.directory.servers()).map(async (server) => {
        await upstreams.discover([server]);
        attempted.add(server);
      }),
    );
    isFirstRun = false;
    const unreachable = Object.entries(upstreams.ready()).flatMap(([name, reason]) =>
      reason === undefined ? [] : [name],
    );
    clearTimeout(retry);
    if (!stopped && unreachable.length > 0) retry = setTimeout(() => void discover(unreachable), RETRY_MS);
  };
  return {
    run: () => discover(),
    isWaiting: (server) => isFirstRun && !attempted.has(server),
    stop: () => {
      stopped = true;
      clearTimeout(retry);
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
