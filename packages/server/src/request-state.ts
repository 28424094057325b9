/**
 * The `requestState` of multi-round-trip requests (2026-07-28): what a modern client gets with an input request and
 * sends back with its retry. It is sealed, bound to the principal, the method, the target and the arguments, and
 * expires (S11, A18).
 */
import { createHash } from 'node:crypto';
import {
  GuardError,
  isObject,
  type Clock,
  type Json,
  type JsonObject,
  type Permitted,
  type Sealer,
} from '@sallyport/guard';
import { canonicalize } from '@sallyport/guard/json';

/** What a request state holds. */
export type RequestState =
  /** A call that is parked: a legacy server waits in the middle of it. `round` counts the retries. */
  | { readonly kind: 'parked'; readonly id: string; readonly round: number }
  /** A modern server's own state, and the keys of its input requests. */
  | { readonly kind: 'server'; readonly state: string | null; readonly keys: readonly string[] }
  /** Nothing is kept: the retry is a new call. */
  | { readonly kind: 'new_call' };

/** Seals and opens request states. */
export interface RequestStates {
  seal(permitted: Permitted, state: RequestState, ttlMs: number): string;
  /**
   * @returns `undefined` when the call has no state.
   * @throws GuardError `invalid_params` for a state that has expired or belongs to another call.
   */
  open(permitted: Permitted): RequestState | undefined;
}

/** The sealed states carry everything, so nothing is stored. @param clock decides when a state expires. */
export function createRequestStates(sealer: Sealer, clock: Clock): RequestStates {
  return {
    seal(permitted, state, ttlMs) {
      const expiring = JSON.stringify({ ...state, expiresAtMs: clock.now() + ttlMs });
      return sealer.seal('request-state', bindingOf(permitted), expiring);
    },
    open(permitted) {
      const { requestState, inputResponses } = permitted.call.params;
      if (requestState === undefined && inputResponses === undefined) return undefined;
      if (typeof requestState !== 'string') throw invalidRequestState();
      const opened = sealer.open('request-state', bindingOf(permitted), requestState);
      if (opened === undefined) throw invalidRequestState();
      const { expiresAtMs, ...state } = JSON.parse(opened) as RequestState & { readonly expiresAtMs: number };
      if (clock.now() > expiresAtMs) throw invalidRequestState();
      return state;
    },
  };
}

/** The same for every reason, so that nobody learns whether a state exists. */
export const invalidRequestState = (): GuardError =>
  new GuardError('invalid_params', { message: 'The request state is unknown, expired or not yours.' });

function bindingOf({ principal, call }: Permitted): string {
  const target = 'name' in call.target ? call.target.name : '';
  const server = 'server' in call.target ? call.target.server : '';
  const args = createHash('sha256')
    .update(canonicalize(call.params['arguments'] ?? null))
    .digest('base64url');
  return JSON.stringify([principal.key, call.method, server, target, args]);
}

/**
 * The client's responses to input requests.
 *
 * @param keys of the input requests; responses under other keys are dropped.
 * @throws GuardError `invalid_params` when they are not objects.
 */
export function inputResponsesOf({ call }: Permitted, keys: Iterable<string>): Record<string, JsonObject> {
  const sent: Json = call.params['inputResponses'] ?? {};
  if (!isObject(sent)) throw new GuardError('invalid_params');
  const responses: Record<string, JsonObject> = {};
  for (const key of keys) {
    const response = Object.hasOwn(sent, key) ? sent[key] : undefined;
    if (response === undefined) continue;
    if (!isObject(response)) throw new GuardError('invalid_params');
    responses[key] = response;
  }
  return responses;
}
