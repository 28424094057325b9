/**
 * What the gateway gives a modern client to bring back: sealed, bound to the principal, the method, the target and the
 * arguments, and good for a limited time (S11, A18).
 */
import { createHash } from 'node:crypto';
import { GuardError, isObject, type Json, type JsonObject, type Permitted } from '@sallyport/guard';
import { canonicalize } from '@sallyport/guard/json';
import type { CallDeps } from '../calls/run.ts';

export type RequestState =
  /** A call that is held open at a legacy server. */
  | { readonly kind: 'held'; readonly id: string; readonly round: number }
  /** A modern server's own state, and the keys of what it asked. */
  | { readonly kind: 'wrapped'; readonly state: string | null; readonly keys: readonly string[] }
  /** Nothing is waiting: the call is made anew. */
  | { readonly kind: 'again' };

/** Methods that may answer `input_required` (2026-07-28). */
export const MULTI_ROUND: ReadonlySet<string> = new Set(['tools/call', 'prompts/get', 'resources/read']);

const invalid = (): GuardError =>
  new GuardError('invalid_params', { message: 'The request state is unknown, expired or not yours.' });

function bindingOf({ principal, call }: Permitted): string {
  const target = 'name' in call.target ? call.target.name : '';
  const server = 'server' in call.target ? call.target.server : '';
  const args = createHash('sha256')
    .update(canonicalize(call.params['arguments'] ?? null))
    .digest('base64url');
  return JSON.stringify([principal.key, call.method, server, target, args]);
}

export function sealState(bridge: CallDeps, permitted: Permitted, state: RequestState, ttlMs: number): string {
  return bridge.sealer.seal(
    'request-state',
    bindingOf(permitted),
    JSON.stringify({ ...state, exp: bridge.clock.now() + ttlMs }),
  );
}

/** @returns `undefined` when the call brings no state. @throws GuardError `invalid_params` for a state that is not this call's. */
export function openState(bridge: CallDeps, permitted: Permitted): RequestState | undefined {
  const { requestState, inputResponses } = permitted.call.params;
  if (requestState === undefined && inputResponses === undefined) return undefined;
  const opened =
    typeof requestState === 'string'
      ? bridge.sealer.open('request-state', bindingOf(permitted), requestState)
      : undefined;
  if (opened === undefined) throw invalid();
  const { exp, ...state } = JSON.parse(opened) as RequestState & { exp: number };
  if (bridge.clock.now() > exp) throw invalid();
  return state;
}

/** The client's answers to what was asked; others are dropped. @throws GuardError `invalid_params` when they are no objects. */
export function inputResponses(permitted: Permitted, asked: Iterable<string>): Record<string, JsonObject> {
  const given: Json = permitted.call.params['inputResponses'] ?? {};
  if (!isObject(given)) throw new GuardError('invalid_params');
  const responses: Record<string, JsonObject> = {};
  for (const key of asked) {
    const value = Object.hasOwn(given, key) ? given[key] : undefined;
    if (value === undefined) continue;
    if (!isObject(value)) throw new GuardError('invalid_params');
    responses[key] = value;
  }
  return responses;
}

export const invalidState = invalid;
