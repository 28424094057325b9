/**
 * Calls of modern clients that a legacy server answers only after it has asked something: the call to the server is held
 * open, the client is told what is wanted, and its retry goes on where the call stands.
 */
import { randomUUID } from 'node:crypto';
import { GuardError, type JsonObject, type McpResult, type ClientChannel } from '@sallyport/guard';
import type { UpstreamSession } from '../sessions/session.ts';
import { transportFailure, remoteErrorOf } from '../transports/failure.ts';
import type { ServerResult, OnRequest } from '../transports/transport.ts';
import { askClient } from '../client-requests/ask-client.ts';
import { resultOf, type CallDeps, type ParkedCall, type Run } from '../calls/run.ts';
import { createCallNotifications } from '../notifications/call-notifications.ts';
import { requireResultType } from './result-type.ts';
import { inputResponses, invalidState, sealState } from '../calls/request-state.ts';
import { sealResult } from '../calls/tasks.ts';
import { RPC_ERROR } from '../../mcp/error-codes.ts';

export const PARKED_MS = 120_000;
/** Several requests of a server often come in one go; they are asked together. */
const GATHER_MS = 15;
const PER_PRINCIPAL_MAX = 32;
/** What a timer of Node.js can wait at most. */
const MAX_TIMER_MS = 2 ** 31 - 1;

export type RequestOn = (
  run: Run,
  seat: UpstreamSession,
  hooks: { signal: AbortSignal; relay: () => ClientChannel | undefined; onRequest: OnRequest },
) => Promise<ServerResult>;

/** Starts a call that may be held. `request` sends it; the seat stays taken until the call ends. */
export async function startParkable(
  bridge: CallDeps,
  run: Run,
  seat: UpstreamSession,
  request: RequestOn,
): Promise<McpResult> {
  // Only what waits for its client counts: a call that somebody attends ends by itself.
  const mine = [...bridge.held.values()].filter(
    (one) => one.relay === undefined && one.run.permitted.principal.key === run.permitted.principal.key,
  );
  if (mine.length >= PER_PRINCIPAL_MAX)
    throw new GuardError('rate_limited', { message: 'Too many calls wait for input.', retryAfterSeconds: 5 });
  const call: ParkedCall = {
    id: randomUUID(),
    run,
    seat,
    abort: new AbortController(),
    questions: new Map(),
    answer: Promise.reject(transportFailure('not started')),
    relay: run.relay,
    round: 0,
    asked: 0,
    wake: () => undefined,
    expiry: undefined,
    lacking: undefined,
  };
  call.answer.catch(() => undefined);
  bridge.held.set(call.id, call);
  seat.useCount++;
  call.answer = request(run, seat, {
    signal: call.abort.signal,
    relay: () => call.relay,
    onRequest: (method, params, withdrawn) => question(bridge, call, { method, params }, withdrawn),
  });
  // Whatever comes of it, its end frees the seat; who waits for it hears of the failure separately.
  call.answer
    .then(
      () => undefined,
      () => undefined,
    )
    .finally(() => {
      bridge.links.release(seat);
    });
  return attend(bridge, call, run);
}

function question(
  bridge: CallDeps,
  call: ParkedCall,
  { method, params }: { method: string; params: JsonObject },
  withdrawn: AbortSignal,
): Promise<JsonObject> {
  return askClient(bridge.clientRequest, call.run, { method, params }, (clean) => {
    const { promise, resolve, reject } = Promise.withResolvers<JsonObject>();
    const key = `q${++call.asked}`;
    call.questions.set(key, { method, params: clean, resolve, reject });
    withdrawn.addEventListener(
      'abort',
      () => {
        if (call.questions.delete(key)) reject(new GuardError('cancelled'));
      },
      { once: true },
    );
    call.wake();
    return promise;
  }).catch((thrown: unknown) => {
    if (thrown instanceof GuardError && thrown.code === 'missing_client_capability') call.lacking = thrown;
    throw thrown;
  });
}

/** A server that gives up because it was told "there is no such method" means the client's, not its own. */
const causeOf = ({ lacking }: ParkedCall, thrown: unknown): unknown =>
  remoteErrorOf(thrown)?.code === RPC_ERROR.methodNotFound ? (lacking ?? thrown) : thrown;

/** @throws GuardError `invalid_params` when the call is gone, is another principal's, or is being resumed already. */
export async function resumeParked(bridge: CallDeps, run: Run, id: string, round: number): Promise<McpResult> {
  const call = bridge.held.get(id);
  if (
    call === undefined ||
    call.round !== round ||
    call.relay !== undefined ||
    call.run.permitted.principal.key !== run.permitted.principal.key
  )
    throw invalidState();
  const { definition } = run.permitted;
  // Invariant 6: what a server asked before it was seen to change its face is not answered after.
  if (definition !== undefined && bridge.definitions.isDrifting(definition.server, definition.kind, definition.name))
    throw new GuardError('quarantined');
  const responses = inputResponses(run.permitted, call.questions.keys());
  clearTimeout(call.expiry);
  call.round++;
  for (const [key, response] of Object.entries(responses)) {
    call.questions.get(key)?.resolve(response);
    call.questions.delete(key);
  }
  return attend(bridge, call, run);
}

/** Waits, in the name of the request that is here now, for the answer or for the next questions. */
async function attend(bridge: CallDeps, call: ParkedCall, run: Run): Promise<McpResult> {
  const { signal, deadlineMs: deadline } = run.permitted.call;
  const cancelled = (): void => call.abort.abort();
  call.relay = run.relay;
  signal.addEventListener('abort', cancelled, { once: true });
  if (signal.aborted) cancelled();
  const { promise: overdue, reject } = Promise.withResolvers<never>();
  // A server that only talks gives signs of life for ever, and the call itself may outlast the request that started it.
  const timer = setTimeout(
    () => {
      reject(new GuardError('upstream_timeout'));
      cancelled();
    },
    Math.min(Math.max(0, deadline - bridge.clock.now()), MAX_TIMER_MS),
  );
  try {
    const answer = await Promise.race([call.answer, questions(call), overdue]);
    if (answer === undefined) return pause(bridge, call, run);
    end(bridge, call);
    requireResultType(run, 'legacy', answer.value);
    return resultOf(answer, sealResult(run.seal, run.permitted.call.method, answer.value));
  } catch (thrown) {
    end(bridge, call);
    throw causeOf(call, thrown);
  } finally {
    clearTimeout(timer);
    signal.removeEventListener('abort', cancelled);
    call.relay = undefined;
  }
}

async function questions(call: ParkedCall): Promise<undefined> {
  if (call.questions.size === 0) await new Promise<void>((resolve) => (call.wake = resolve));
  await new Promise((resolve) => setTimeout(resolve, GATHER_MS));
}

function pause(bridge: CallDeps, call: ParkedCall, run: Run): McpResult {
  call.expiry = setTimeout(() => {
    call.abort.abort();
    end(bridge, call);
  }, PARKED_MS);
  call.expiry.unref();
  const inputRequests = Object.fromEntries(
    [...call.questions].map(([key, { method, params }]) => [key, { method, params }]),
  );
  const requestState = sealState(bridge, run.permitted, { kind: 'held', id: call.id, round: call.round }, PARKED_MS);
  return { value: { resultType: 'input_required', inputRequests, requestState } };
}

function end(bridge: CallDeps, call: ParkedCall): void {
  clearTimeout(call.expiry);
  bridge.held.delete(call.id);
  for (const { reject } of call.questions.values()) reject(new GuardError('cancelled'));
  call.questions.clear();
}

/** At shutdown: nothing is held any more. */
export function endParked(held: Map<string, ParkedCall>): void {
  for (const call of held.values()) {
    clearTimeout(call.expiry);
    call.abort.abort();
  }
  held.clear();
}

/** The filter for notifications of a call whose relay may change. */
export const parkedNotifications = (
  run: Run,
  relay: () => ClientChannel | undefined,
): ((method: string, params: JsonObject) => void) => createCallNotifications({ relay, seal: run.seal });
