/**
 * `GET /ready`: every dependency is checked, at most once per second for all requests, and failures are named.
 */
import type { MaybePromise } from '@sallyport/guard';
import { jsonResponse, type Endpoint } from './endpoint.ts';

/** One dependency, or a group of them (such as `servers`) that reports each member by name. */
export interface Check {
  readonly name: string;
  /** False for what is reported and leaves the gateway ready when it fails: others are served as before. */
  readonly required?: boolean;
  /** Throwing means that the check failed. */
  run(): MaybePromise<CheckResult>;
}

/**
 * `undefined` when the dependency works; otherwise the reason, a sentence without secrets. A record holds the result of
 * each member of a group by name.
 */
export type CheckResult = string | undefined | Readonly<Record<string, string | Tolerated | undefined>>;

/** A failure that is reported, and leaves the gateway ready: it serves what does not need this member. */
export interface Tolerated {
  readonly tolerated: string;
}

/** The state of all dependencies. */
export interface Readiness {
  readonly ready: boolean;
  /** `ok` or what is wrong, by name of the check. */
  readonly checks: Readonly<Record<string, string>>;
}

/** What `/ready` checks and how much it says. */
export interface ReadyOptions {
  readonly checks: readonly Check[];
  /** False on a listener that anyone can reach: a group is reported as one, and no reason is given. */
  readonly details: boolean;
  readonly timeoutMs?: number;
  readonly cacheMs?: number;
}

const TIMEOUT_MS = 2_000;
const CACHE_MS = 1_000;

/** 200 when everything works, otherwise 503; the body names every check. */
export function createReady(options: ReadyOptions): Endpoint {
  const read = cached(() => readiness(options), options.cacheMs ?? CACHE_MS);
  return async () => {
    const { ready, checks } = await read();
    return jsonResponse(ready ? 200 : 503, { status: ready ? 'ready' : 'not ready', checks });
  };
}

/** Runs every check once, side by side. */
export async function readiness(options: ReadyOptions): Promise<Readiness> {
  const { checks, details, timeoutMs = TIMEOUT_MS } = options;
  const results = await Promise.all(
    checks.map(async (check) => ({
      required: check.required ?? true,
      members: membersOf(check.name, await runBounded(check, timeoutMs), details),
    })),
  );
  const describe = (failure: string | Tolerated | undefined): string => {
    if (failure === undefined) return 'ok';
    if (isTolerated(failure)) return details ? failure.tolerated : 'degraded';
    return details ? failure : 'failing';
  };
  return {
    ready: results.every(({ required, members }) => !required || !members.some(([, failure]) => isFailure(failure))),
    checks: Object.fromEntries(
      results.flatMap(({ members }) => members.map(([name, failure]) => [name, describe(failure)])),
    ),
  };
}

async function runBounded(check: Check, timeoutMs: number): Promise<CheckResult> {
  let timer: NodeJS.Timeout | undefined;
  const timeout = new Promise<string>((resolve) => {
    timer = setTimeout(() => resolve(`no answer within ${timeoutMs} ms`), timeoutMs);
  });
  try {
    return await Promise.race([timeout, check.run()]);
  } catch {
    // The error may quote a connection string or worse, so the response leaves it out.
    return 'failed';
  } finally {
    clearTimeout(timer);
  }
}

const isTolerated = (failure: string | Tolerated): failure is Tolerated => typeof failure === 'object';

const isFailure = (failure: string | Tolerated | undefined): boolean => failure !== undefined && !isTolerated(failure);

type Member = [name: string, failure: string | Tolerated | undefined];

function membersOf(name: string, result: CheckResult, details: boolean): Member[] {
  if (result === undefined || typeof result === 'string') return [[name, result]];
  const members = Object.entries(result);
  if (details) return members.map(([member, failure]) => [`${name}.${member}`, failure]);
  const failures = members.flatMap(([, failure]) => (failure === undefined ? [] : [failure]));
  return [[name, failures.find((failure) => !isTolerated(failure)) ?? failures[0]]];
}

/** Requests at the same time share one result, so that asking often costs nothing. */
function cached<T>(read: () => Promise<T>, cacheMs: number): () => Promise<T> {
  let entry: { readonly result: Promise<T>; readonly expiresAtMs: number } | undefined;
  return () => {
    const now = performance.now();
    if (entry === undefined || now >= entry.expiresAtMs) entry = { result: read(), expiresAtMs: now + cacheMs };
    return entry.result;
  };
}
