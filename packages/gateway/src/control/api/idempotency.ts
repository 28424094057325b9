/**
 * `Idempotency-Key`: a request that is sent again gets the answer that the first one got. The answers are kept by the
 * process, for a day, a bounded number for each caller; a restart forgets them.
 */
import { createHash } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import type { Clock, Json } from '@sallyport/guard';
import { headerValues } from '@sallyport/server/listen/header-values';
import type { EndpointResponse } from '../endpoint.ts';
import { ApiProblem } from '../problem.ts';
import type { ApiCaller } from './access.ts';

const KEPT_MS = 86_400_000;
const CALLER_ENTRIES_MAX = 200;
const ENTRIES_MAX = 10_000;

interface Entry {
  readonly bodyHash: string;
  readonly expiresAtMs: number;
  readonly answer: Promise<EndpointResponse>;
}

/** A change that may be sent several times. */
export interface RepeatableRequest {
  readonly caller: ApiCaller;
  /** `undefined` when the caller sent no key. */
  readonly key: string | undefined;
  /** Method and path as sent. */
  readonly target: string;
  readonly body: Json | undefined;
}

/** Runs a change once for each key. */
export type RunOnce = (request: RepeatableRequest, run: () => Promise<EndpointResponse>) => Promise<EndpointResponse>;

/** The key of a request. @throws ApiProblem for one that is not 1-128 visible characters. */
export function readIdempotencyKey(request: IncomingMessage): string | undefined {
  const values = headerValues(request, 'idempotency-key');
  if (values.length === 0) return undefined;
  if (values.length > 1 || !/^[\x21-\x7e]{1,128}$/.test(values[0] ?? ''))
    throw new ApiProblem('INVALID_REQUEST', { detail: 'Idempotency-Key must be 1-128 visible ASCII characters.' });
  return values[0];
}

/** @param clock of the day for which answers are kept. */
export function createRunOnce(clock: Clock): RunOnce {
  /** By caller, then by key. Entries expire in the order in which they were made. */
  const callers = new Map<string, Map<string, Entry>>();
  let entries = 0;
  const forgetExpired = (nowMs: number): void => {
    for (const [name, kept] of callers) {
      for (const [key, { expiresAtMs }] of kept) {
        if (expiresAtMs > nowMs) break;
        kept.delete(key);
        entries -= 1;
      }
      if (kept.size === 0) callers.delete(name);
    }
  };
  return async (request, run) => {
    if (request.key === undefined) return run();
    const nowMs = clock.now();
    const name = callerName(request.caller);
    const id = JSON.stringify([request.key, request.target]);
    const bodyHash = createHash('sha256')
      .update(JSON.stringify(request.body ?? null))
      .digest('base64');
    const known = callers.get(name)?.get(id);
    if (known !== undefined && known.expiresAtMs > nowMs) {
      if (known.bodyHash !== bodyHash) throw new ApiProblem('IDEMPOTENCY_KEY_REUSED');
      return known.answer;
    }
    if (entries >= ENTRIES_MAX || (callers.get(name)?.size ?? 0) >= CALLER_ENTRIES_MAX) forgetExpired(nowMs);
    const kept = callers.get(name) ?? new Map<string, Entry>();
    // Forgetting an answer that somebody may still ask for would make the change twice.
    if (entries >= ENTRIES_MAX || kept.size >= CALLER_ENTRIES_MAX)
      throw new ApiProblem('RATE_LIMITED', { detail: 'Too many idempotency keys are in use.' });
    const answer = run();
    kept.set(id, { bodyHash, expiresAtMs: nowMs + KEPT_MS, answer });
    callers.set(name, kept);
    entries += 1;
    try {
      const settled = await answer;
      if (settled.status < 300) return settled;
      forget();
      return settled;
    } catch (thrown) {
      // Nothing was changed: the same key may try again.
      forget();
      throw thrown;
    }

    function forget(): void {
      if (kept.delete(id)) entries -= 1;
    }
  };
}

const callerName = ({ tenant, principal }: ApiCaller): string =>
  JSON.stringify([tenant.id, principal.user.issuer, principal.user.subject, principal.agent.clientId]);
