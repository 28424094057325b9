/**
 * What the guard needs from outside, each the smallest interface that serves. The in-memory version of every port
 * is in `memory/`; every other version passes the same contract suite (`test/contracts/`). A port that a database may
 * serve answers at once or later ({@link MaybePromise}).
 */
import type { PrincipalKey } from './identifiers.ts';
import type { Call, Credentials, Definition, Grant, JsonObject, Principal, Target, Tenant } from './call.ts';
import type { MaybePromise } from './maybe-promise.ts';
import type { Action } from './methods.ts';
import type { AuditRecord } from './audit/record.ts';

/**
 * Severity of an operator's log line, from the least to the most.
 *
 * @example
 * ```ts
 * const isQuiet = (level: LogLevel): boolean => level === 'debug' || level === 'info';
 * ```
 */
export type LogLevel = 'debug' | 'info' | 'warn' | 'error';

/**
 * The operator's log. `fields` are JSON and hold no credential and no argument; the adapter redacts what it knows.
 *
 * @example
 * ```ts
 * const log: Log = (level, message, fields) => process.stderr.write(`${level} ${message} ${JSON.stringify(fields)}\n`);
 * ```
 */
export type Log = (level: LogLevel, message: string, fields?: Readonly<Record<string, unknown>>) => void;

/**
 * The time, so that tests can set it.
 *
 * @example
 * ```ts
 * const clock: Clock = { now: () => Date.now() };
 * ```
 */
export interface Clock {
  /** Milliseconds since the epoch. */
  now(): number;
}

/**
 * Turns credentials into a principal, by the rules that {@link Principal} states for objects. Returns `undefined` when
 * the credential is not of its kind, so that the next authenticator is asked.
 *
 * @throws GuardError `unauthenticated` for a credential of its kind that it does not accept.
 *
 * @example
 * ```ts
 * const onlyJwt = (jwt: Authenticator): Authenticator => (credentials) =>
 *   credentials.kind === 'bearer' && !credentials.token.startsWith('sp_') ? jwt(credentials) : undefined;
 * ```
 */
export type Authenticator = (credentials: Credentials) => MaybePromise<Principal | undefined>;

/**
 * The tenants that exist.
 *
 * @example
 * ```ts
 * const tenants: TenantDirectory = { find: (id) => (id === 'acme' ? { id: tenantId(id) } : undefined) };
 * ```
 */
export interface TenantDirectory {
  /** `undefined` when there is no such tenant. `id` is foreign: it comes from a credential. */
  find(id: string): MaybePromise<Tenant | undefined>;
}

/**
 * The pinned definitions that may be served: never a live one, never one that differs from its pin.
 *
 * @example
 * ```ts
 * const catalogOf = (tools: ReadonlyMap<string, Definition>): Catalog => ({
 *   find: (target) => (target.kind === 'tool' ? tools.get(target.name) : undefined),
 * });
 * ```
 */
export interface Catalog {
  find(target: Target): Definition | undefined;
}

/**
 * The call that made a task: whoever asks for the task is judged as if calling its tool again (B10).
 *
 * @example
 * ```ts
 * const isOf = (task: TaskOrigin, definition: Definition): boolean => task.digest === definition.digest;
 * ```
 */
export interface TaskOrigin {
  /** Name of the tool. */
  readonly tool: string;
  /** Its pin when it was called. */
  readonly digest: string;
  /** The arguments of the call; `undefined` when they were too large to be kept. */
  readonly input: JsonObject | undefined;
}

/**
 * The tasks that servers have made for callers.
 *
 * @example
 * ```ts
 * const noTasks: TaskDirectory = { find: () => undefined };
 * ```
 */
export interface TaskDirectory {
  /**
   * @param taskId as the caller knows it.
   * @returns `undefined` for a task that has expired, and for one of another principal or server.
   */
  find(principal: PrincipalKey, server: string, taskId: string): TaskOrigin | undefined;
}

/**
 * What a policy engine decides about. `input` is `undefined` when the question is whether any arguments could be
 * allowed.
 *
 * @example
 * ```ts
 * const isWrite = ({ action, input }: PolicyRequest): boolean => action === 'call' && input?.['dryRun'] !== true;
 * ```
 */
export interface PolicyRequest {
  readonly principal: Principal;
  readonly tenant: Tenant;
  readonly action: Action;
  readonly definition: Definition;
  readonly input: JsonObject | undefined;
  readonly call: Pick<Call, 'session' | 'origin'>;
}

/**
 * The answer of a policy engine; `error` says which policy failed, for the log.
 *
 * @example
 * ```ts
 * const allow: PolicyDecision = { effect: 'allow', grant: { policies: ['p1'], revision: 'r1', cacheable: false } };
 * ```
 */
export type PolicyDecision =
  | { readonly effect: 'allow'; readonly grant: Grant }
  | { readonly effect: 'deny'; readonly grant: Grant; readonly error: string | undefined };

/**
 * One decision function serves list, call, read, get, subscribe and complete. Default deny; an error denies.
 *
 * @example
 * ```ts
 * const grant: Grant = { policies: ['deny-all'], revision: 'r1', cacheable: true };
 * const denyAll: PolicyEngine = {
 *   revision: 'r1',
 *   decide: () => ({ effect: 'deny', grant, error: undefined }),
 *   couldAllow: () => false,
 * };
 * ```
 */
export interface PolicyEngine {
  /** Which set of policies this is; in every record and approval that follows from it. */
  readonly revision: string;
  /** Decides about exactly these arguments. */
  decide(request: PolicyRequest): PolicyDecision;
  /** True when some arguments could be allowed: what is listed is what can be called. */
  couldAllow(request: PolicyRequest): boolean;
}

/**
 * One bucket of a rate limit and its size.
 *
 * @example
 * ```ts
 * const perUser: LimitRule = { scope: 'user', key: 'acme alice', limit: 100, periodMs: 60_000 };
 * ```
 */
export interface LimitRule {
  /** What the bucket counts: the `scope` label of the metric. */
  readonly scope: 'tenant' | 'user' | 'agent' | 'tool' | 'address' | 'refusals';
  /** Names the bucket; the same for every call that it counts. */
  readonly key: string;
  /** Units per `periodMs`, and the most that can be taken at once. */
  readonly limit: number;
  readonly periodMs: number;
}

/**
 * Whether there was budget, and how much is left.
 *
 * @example
 * ```ts
 * const retryAfterSeconds = (verdict: LimitVerdict): number => Math.ceil(verdict.retryAfterMs / 1000);
 * ```
 */
export interface LimitVerdict {
  readonly allowed: boolean;
  /** The rule that has the least left (or nothing). */
  readonly rule: LimitRule;
  /** Whole units that are left. */
  readonly remaining: number;
  /** Milliseconds until a unit is there again; 0 when allowed. */
  readonly retryAfterMs: number;
  /** Milliseconds until the bucket is full again. */
  readonly resetAfterMs: number;
}

/**
 * Counts units per bucket.
 *
 * @example
 * ```ts
 * const limiter: RateLimiter = createMemoryRateLimiter(systemClock);
 * const verdict = limiter.take([{ scope: 'user', key: 'acme alice', limit: 100, periodMs: 60_000 }]);
 * ```
 */
export interface RateLimiter {
  /** Takes one unit from every rule, or from none when one of them is exhausted. Atomic. */
  take(rules: readonly LimitRule[]): MaybePromise<LimitVerdict>;
}

/**
 * Where records become durable.
 *
 * @example
 * ```ts
 * const audit: AuditLog = { append: async (tenant, record) => console.log(tenant, JSON.stringify(record)) };
 * ```
 */
export interface AuditLog {
  /**
   * Resolves when the record is durable, and rejects when it is not known to be.
   * `tenant` is a tenant id, or `_` for what happened before a tenant was known.
   */
  append(tenant: string, record: AuditRecord): Promise<void>;
}

/**
 * An API key as it is stored: the secret itself is never stored, only its hash.
 *
 * @example
 * ```ts
 * const isActive = (key: ApiKey, nowMs: number): boolean =>
 *   key.revokedAtMs === undefined && (key.expiresAtMs ?? Infinity) > nowMs;
 * ```
 */
export interface ApiKey {
  readonly id: string;
  readonly hash: string;
  readonly tenant: string;
  readonly subject: string;
  readonly name: string;
  readonly roles: readonly string[];
  readonly scopes: readonly string[];
  readonly tier: string | undefined;
  readonly createdAtMs: number;
  readonly expiresAtMs: number | undefined;
  readonly revokedAtMs: number | undefined;
}

/**
 * The API keys of all tenants.
 *
 * @example
 * ```ts
 * const revoke = (keys: KeyStore, key: ApiKey): MaybePromise<void> => keys.put({ ...key, revokedAtMs: Date.now() });
 * ```
 */
export interface KeyStore {
  find(id: string): MaybePromise<ApiKey | undefined>;
  /** Of one tenant, or of all when `undefined`. */
  list(tenant: string | undefined): MaybePromise<readonly ApiKey[]>;
  /** Stores a new key, or replaces the one with its id. */
  put(key: ApiKey): MaybePromise<void>;
}

/**
 * Legacy sessions that were ended before they expired: by DELETE, or by a restart that lost their subscriptions.
 *
 * @example
 * ```ts
 * const sessions: SessionDirectory = createMemorySessions(systemClock);
 * ```
 */
export interface SessionDirectory {
  /** @param expiresAtMs when the session would have ended anyway, so that it can be forgotten then. */
  end(id: string, expiresAtMs: number): MaybePromise<void>;
  ended(id: string): MaybePromise<boolean>;
  /** Notes that this process keeps subscriptions of a session. @param expiresAtMs when the session ends anyway. */
  hold(id: string, expiresAtMs: number): MaybePromise<void>;
  /** At a start: ends the sessions that an earlier process held, because what they wait for would never come. */
  endHeld(): MaybePromise<void>;
}

/**
 * The steps of a call that are timed, in order: every stage, the two records, and the upstream. Metrics register a
 * series for each.
 *
 * @example
 * ```ts
 * const durations = Object.fromEntries(STAGE_NAMES.map((stage) => [stage, 0]));
 * ```
 */
export const STAGE_NAMES = [
  'authenticate',
  'tenant',
  'visible',
  'validate',
  'authorize',
  'limit',
  'approve',
  'intent',
  'upstream',
  'inspect',
  'outcome',
] as const;

/**
 * One of {@link STAGE_NAMES}.
 *
 * @example
 * ```ts
 * const isRecord = (stage: StageName): boolean => stage === 'intent' || stage === 'outcome';
 * ```
 */
export type StageName = (typeof STAGE_NAMES)[number];

/**
 * What the guard reports about its own work, for metrics and traces. Must not throw and must not wait.
 *
 * @example
 * ```ts
 * const timed: Observer = { ...silentObserver, stage: (stage, ms) => console.log(`${stage} took ${ms} ms`) };
 * ```
 */
export interface Observer {
  stage(stage: StageName, ms: number): void;
  decided(effect: 'allow' | 'deny', engine: string): void;
  limited(scope: LimitRule['scope'], server: string, tool: string): void;
  recorded(phase: 'intent' | 'outcome', ms: number): void;
}
