/**
 * What the guard needs from outside, each the smallest interface that serves. The in-memory version of every port
 * is in `memory/`; every other version passes the same contract suite (`test/contracts/`).
 */
import type {
  Approval,
  Call,
  Credentials,
  Definition,
  DefinitionKind,
  Grant,
  JsonObject,
  Principal,
  Target,
  Tenant,
} from './call.ts';
import type { Digest } from './identifiers.ts';
import type { Action } from './methods.ts';
import type { AuditRecord } from './audit/record.ts';
import type { MaybePromise } from './maybe-promise.ts';

export type LogLevel = 'debug' | 'info' | 'warn' | 'error';

/** The operator's log. `fields` are JSON and hold no credential and no argument; the adapter redacts what it knows. */
export type Log = (level: LogLevel, message: string, fields?: Readonly<Record<string, unknown>>) => void;

export interface Clock {
  /** Milliseconds since the epoch. */
  now(): number;
}

/**
 * Turns credentials into a principal. @throws GuardError `unauthenticated` when this is not a credential it accepts.
 * Resolves to `undefined` when the credential is not of its kind, so that `firstOf` can ask the next one.
 */
export type Authenticator = (credentials: Credentials) => Principal | undefined | Promise<Principal | undefined>;

export interface TenantDirectory {
  find(id: string): Tenant | undefined | Promise<Tenant | undefined>;
}

/** The pinned definitions that are fit to serve: never a live one, never one that differs from its pin. */
export interface Catalog {
  find(target: Target): Definition | undefined;
}

/** What a policy is asked. `input` is `undefined` when the question is "could any arguments be allowed?". */
export interface PolicyRequest {
  readonly principal: Principal;
  readonly tenant: Tenant;
  readonly action: Action;
  readonly definition: Definition;
  readonly input: JsonObject | undefined;
  readonly call: Pick<Call, 'session' | 'origin'>;
}

export type PolicyDecision =
  | { readonly effect: 'allow'; readonly grant: Grant }
  | { readonly effect: 'deny'; readonly grant: Grant; readonly error: string | undefined };

/** One decision function serves list, call, read, get, subscribe and complete. Default deny; an error denies. */
export interface PolicyEngine {
  readonly revision: string;
  /** Judges exactly these arguments. */
  decide(question: PolicyRequest): PolicyDecision;
  /** True when some arguments could be allowed: what is listed is what can be called. */
  couldAllow(question: PolicyRequest): boolean;
}

export interface LimitRule {
  /** Which bucket: part of the key and the `scope` label of the metric. */
  readonly scope: 'tenant' | 'user' | 'agent' | 'tool' | 'address' | 'refusals';
  readonly key: string;
  /** Units per `periodMs`, and the most that can be taken at once. */
  readonly limit: number;
  readonly periodMs: number;
}

export interface LimitVerdict {
  readonly allowed: boolean;
  /** The rule that is closest to its end (or exhausted). */
  readonly rule: LimitRule;
  readonly remaining: number;
  readonly retryAfterMs: number;
  readonly resetAfterMs: number;
}

export interface RateLimiter {
  /** Takes one unit from every rule, or from none when one of them is exhausted. Atomic. */
  take(rules: readonly LimitRule[]): LimitVerdict | Promise<LimitVerdict>;
}

export interface ApprovalRequest {
  readonly digest: string;
  readonly principal: Principal;
  readonly tenant: Tenant;
  readonly definition: Definition;
  readonly input: JsonObject;
  readonly expiresAtMs: number;
}

export type ApprovalState =
  | { readonly state: 'approved'; readonly approval: Approval }
  | { readonly state: 'pending'; readonly id: string }
  | { readonly state: 'refused'; readonly id: string };

export interface ApprovalStore {
  /** Consumes an approval for this digest (once), or files a request for one. Atomic. */
  consume(question: ApprovalRequest): ApprovalState | Promise<ApprovalState>;
}

export interface AuditLog {
  /**
   * Resolves when the record is durable, and rejects when it is not known to be.
   * `tenant` is a tenant id, or `_` for what happened before a tenant was known.
   */
  append(tenant: string, record: AuditRecord): Promise<void>;
}

/** API keys as stored: the secret itself is never stored, only its hash. */
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

export interface KeyStore {
  find(id: string): ApiKey | undefined | Promise<ApiKey | undefined>;
  list(tenant: string | undefined): readonly ApiKey[] | Promise<readonly ApiKey[]>;
  put(key: ApiKey): void | Promise<void>;
}

export interface Pin {
  readonly server: string;
  readonly kind: DefinitionKind;
  readonly name: string;
  readonly digest: Digest;
  readonly document: JsonObject;
  readonly approvedAtMs: number;
  readonly approvedBy: string;
}

/** A definition that is not (or no longer) approved, kept so that a person can compare and approve it. */
export interface PendingPin extends Omit<Pin, 'approvedAtMs' | 'approvedBy'> {
  readonly seenAtMs: number;
}

/** A change of the pins, as data: a list of them can be applied together, also over a network. */
export type PinChange =
  /** Replaces the pin. Removes the pending definition of the same name if it has the same digest. */
  | { readonly kind: 'approve'; readonly pin: Pin }
  /** Pins a definition that has no pin yet, and removes the pending one of the same name. Changes nothing otherwise. */
  | { readonly kind: 'pin_if_absent'; readonly pin: Pin }
  /** Replaces the document of the pin that has this digest. Changes nothing when the pin has another digest. */
  | { readonly kind: 'update_document'; readonly pin: Omit<Pin, 'approvedAtMs' | 'approvedBy'> }
  /** Files the newest unapproved definition. Replaces an older pending one of the same server, kind and name. */
  | { readonly kind: 'save_pending'; readonly pending: PendingPin };

/** Approved definitions, and those that wait for approval. Every method may answer later. */
export interface PinStore {
  pins(): MaybePromise<readonly Pin[]>;
  pending(): MaybePromise<readonly PendingPin[]>;
  /** Applies one `approve` change. */
  approve(pin: Pin): MaybePromise<void>;
  /**
   * Applies one `pin_if_absent` change. Atomic.
   * @returns the pin that is in force then: this one, or the one that another process stored first.
   */
  pinIfAbsent(pin: Pin): MaybePromise<Pin>;
  /** Applies one `save_pending` change. */
  savePending(pending: PendingPin): MaybePromise<void>;
  /** Applies all changes in order, durable together or not at all. Costs about as much as a single change. */
  apply(changes: readonly PinChange[]): MaybePromise<void>;
  /** A number that differs after every change of what is stored, by this process or another one. */
  version(): MaybePromise<number>;
}

/** Legacy sessions that were ended by DELETE before they expired. */
export interface SessionDirectory {
  end(id: string, expiresAt: number): void | Promise<void>;
  ended(id: string): boolean | Promise<boolean>;
}

/**
 * The steps of a call that are timed, in order: every stage, the two records, and the upstream. Metrics register a series
 * for each.
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

/** What the guard reports of its own work, for metrics and traces. Must not throw and must not wait. */
export interface Observer {
  stage(stage: StageName, ms: number): void;
  decided(effect: 'allow' | 'deny', engine: string): void;
  limited(scope: LimitRule['scope'], server: string, tool: string): void;
  recorded(phase: 'intent' | 'outcome', ms: number): void;
}
