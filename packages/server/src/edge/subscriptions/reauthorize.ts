/**
 * S12: the caller of a long stream is judged again while it is open, so that a right that was revoked or has expired
 * ends the stream as it ends calls.
 */
import { GuardError, spendPermit, type Call, type Identity, type Outcome } from '@sallyport/guard';
import type { EdgeDeps } from '../deps.ts';
import type { StreamLimits } from '../exchange/connection.ts';
import type { InboundMessage } from '../exchange/inbound-message.ts';
import { toInternalCall } from '../exchange/to-call.ts';
import { serversOnRoute } from '../names/route.ts';

/** The longest time that a stream stays open after its caller lost the right to it. */
export const RECHECK_MS = 2_000;

/** Runs a call through the guard that does nothing when it is permitted. */
export const judge = (deps: EdgeDeps, call: Call): Promise<Outcome> =>
  deps.guard.run(call, async (permit) => {
    spendPermit(permit);
    return { value: {} };
  });

/** A stream that is watched. */
export interface StreamWatch {
  /** Notes which servers the caller may know of when the stream begins. */
  readonly opened: (identity: Identity) => void;
  readonly stop: () => void;
}

/**
 * Calls `end` when the gateway stops, and once when the guard no longer accepts the caller, when a server of the stream
 * was removed, when policies deny the caller a whole server that it knew of, or all, or when the caller has more
 * streams than a tightened limit allows (B10).
 */
export function watchStream(
  deps: EdgeDeps,
  inbound: InboundMessage,
  { closing, slots }: StreamLimits,
  end: (reason: string) => void,
): StreamWatch {
  const known = new Set<string>();
  const visibleTo = (identity: Identity): readonly string[] =>
    serversOf(inbound).filter((server) => deps.maySee(identity, server));
  const endForShutdown = (): void => end('The gateway stops.');
  closing.addEventListener('abort', endForShutdown, { once: true });
  const endOnce = (reason: string): void => {
    clearInterval(timer);
    end(reason);
  };
  const endForCaller = (): void => endOnce('Authentication is required again.');
  const recheck = async (): Promise<void> => {
    const { gateway, servers } = deps.snapshot();
    if (!serversOf(inbound).every((server) => servers.includes(server))) return endOnce('A server was removed.');
    const outcome = await judge(deps, toInternalCall(deps, 'stream/check', {}, inbound));
    // A caller over its rate limit has to wait, but keeps its stream.
    if (outcome.status !== 'success' && outcome.error.code !== 'rate_limited') return endForCaller();
    const { principal, tenant } = outcome;
    if (principal === undefined || tenant === undefined) return;
    const visible = new Set(visibleTo({ principal, tenant }));
    const isDenied = visible.size === 0 && serversOf(inbound).length > 0;
    if (isDenied || !known.isSubsetOf(visible)) return endOnce('The right to a server ended.');
    for (const server of visible) known.add(server);
    if (slots.mustEnd({ principal, tenant }, gateway.streamsPerPrincipalMax)) endOnce('There are too many streams.');
  };
  const timer = setInterval(() => void recheck().catch(endForCaller), RECHECK_MS);
  timer.unref();
  return {
    opened(identity) {
      for (const server of visibleTo(identity)) known.add(server);
    },
    stop() {
      clearInterval(timer);
      closing.removeEventListener('abort', endForShutdown);
    },
  };
}

/** As they were when the stream was opened. */
const serversOf = ({ route, snapshot }: InboundMessage): readonly string[] => serversOnRoute(route, snapshot.servers);

/**
 * B10: a call whose answer is a stream is judged again while it runs, by its credential, its definition, its arguments
 * and the policies; when its right has ended, it is cut off. A token that expires meanwhile ends no call.
 *
 * @param expiresAtMs when the credential expires.
 * @returns a function that stops watching.
 */
export function watchCall(
  deps: EdgeDeps,
  call: Call,
  abort: AbortController,
  expiresAtMs: () => number | undefined,
): () => void {
  const recheck = async (): Promise<void> => {
    if (deps.clock.now() >= (expiresAtMs() ?? Number.POSITIVE_INFINITY)) return clearInterval(timer);
    const error = await refusalOf(deps, call);
    if (error === undefined || abort.signal.aborted) return;
    clearInterval(timer);
    abort.abort(new GuardError(error.code, { message: RIGHT_ENDED, cause: error }));
  };
  const timer = setInterval(() => void recheck(), RECHECK_MS);
  timer.unref();
  return () => clearInterval(timer);
}

const RIGHT_ENDED = 'The right to this call ended while it ran. The call may have been executed.';

/** Why a call that was permitted before is not permitted any more. A caller over its limit only has to wait. */
export async function refusalOf(deps: EdgeDeps, call: Call): Promise<GuardError | undefined> {
  if ('server' in call.target && !deps.snapshot().servers.includes(call.target.server))
    return new GuardError('not_found');
  const error = await deps.guard.judge(call);
  return error?.code === 'rate_limited' ? undefined : error;
}
