/** The port of approvals: calls that wait for a person, and what the person said. */
import type { JsonObject } from './call.ts';
import type { MaybePromise } from './maybe-promise.ts';

/**
 * Who may approve: a user by subject, or everybody with a role or in a group. With an issuer, only those whom it names:
 * the same subject of another issuer is somebody else.
 *
 * @example
 * ```ts
 * const finance: ApproverSelector = { kind: 'group', name: 'finance-leads' };
 * ```
 */
export interface ApproverSelector {
  readonly kind: 'user' | 'role' | 'group';
  readonly name: string;
  readonly issuer?: string;
}

/**
 * What a rule wants approvers to see first.
 *
 * @example
 * ```ts
 * const amountFirst: ShownFirst = { text: 'Is the order paid?', arguments: ['amount', 'to.iban'] };
 * ```
 */
export interface ShownFirst {
  /** Words of the operator. */
  readonly text?: string;
  /** Arguments, as names joined by dots. */
  readonly arguments?: readonly string[];
}

/**
 * What a rule asks for, as it was when the call was filed.
 *
 * @example
 * ```ts
 * const twoOfFinance: ApprovalDemand = {
 *   approvers: [{ kind: 'group', name: 'finance-leads' }],
 *   required: 2,
 *   distinct: false,
 *   source: 'approvals.rules.0',
 * };
 * ```
 */
export interface ApprovalDemand {
  /** One of these is enough. Never empty. */
  readonly approvers: readonly ApproverSelector[];
  /** How many people must say yes, at least 1. */
  readonly required: number;
  /** Whether each of them must be let in by another selector. */
  readonly distinct: boolean;
  /** The rule or the policy that asks, for people. */
  readonly source: string;
  /** Approvers must have signed in at most this long before they say yes, in milliseconds. */
  readonly stepUpMs?: number;
  readonly show?: ShownFirst;
  /** What other policies ask for besides: each of these must be met as well. */
  readonly also?: readonly ApprovalDemand[];
}

/**
 * A user as an issuer names it.
 *
 * @example
 * ```ts
 * const bob: Person = { issuer: 'https://issuer.example', subject: 'bob' };
 * ```
 */
export interface Person {
  readonly issuer: string;
  readonly subject: string;
}

/**
 * What one person said.
 *
 * @example
 * ```ts
 * const isYes = ({ verdict }: Decision): boolean => verdict === 'approve';
 * ```
 */
export interface Decision {
  readonly by: Person;
  readonly verdict: 'approve' | 'deny';
  /** The selector of the demand that let this person decide. */
  readonly as: ApproverSelector;
  /** Where several demands must be met: the selector under which it counts for each, `null` where it does not. */
  readonly each?: readonly (ApproverSelector | null)[];
  /** For the caller, when it is a no. */
  readonly reason: string | undefined;
  /** Where it was said: `api`, `cli`, `dashboard` … */
  readonly channel: string;
  readonly atMs: number;
}

/**
 * Where a request for approval stands. `pending` and `approved` may still become a call; the others are ends, of which
 * `refused` is remembered until it expires, so that the call is not asked again.
 *
 * @example
 * ```ts
 * const isOver = (status: ApprovalStatus): boolean => ['used', 'withdrawn', 'superseded'].includes(status);
 * ```
 */
export type ApprovalStatus = 'pending' | 'approved' | 'refused' | 'used' | 'withdrawn' | 'superseded';

/**
 * A request for approval, as it is stored: everything in it is plain JSON.
 *
 * @example
 * ```ts
 * const isPending = ({ status, expiresAtMs }: FiledApproval, nowMs: number): boolean =>
 *   status === 'pending' && nowMs < expiresAtMs;
 * ```
 */
export interface FiledApproval {
  /** 16 random bytes in hex: cannot be guessed, and is no option of a command line. */
  readonly id: string;
  readonly tenant: string;
  /** Over everything that the approval is for ({@link approvalDigest}): 64 hex digits. */
  readonly digest: string;
  readonly status: ApprovalStatus;
  /** Grows by one with every change. */
  readonly version: number;
  readonly requester: Person;
  readonly agent: { readonly clientId: string; readonly actors: readonly string[] };
  readonly server: string;
  readonly tool: string;
  readonly definitionDigest: string;
  /** The exact arguments, whole. */
  readonly arguments: JsonObject;
  /** Revision of the policies that permitted the call. */
  readonly revision: string;
  readonly demand: ApprovalDemand;
  readonly decisions: readonly Decision[];
  readonly createdAtMs: number;
  readonly expiresAtMs: number;
  /** Why it is `withdrawn` or `superseded`, for people. */
  readonly endedBecause: string | undefined;
}

/**
 * Which requests are listed.
 *
 * @example
 * ```ts
 * const queue: ApprovalFilter = { tenant: 'acme', status: 'pending' };
 * ```
 */
export interface ApprovalFilter {
  /** Absent: of all. */
  readonly tenant?: string;
  /** Absent: all. */
  readonly status?: ApprovalStatus;
  /** Absent: of everybody. */
  readonly requester?: Person;
}

/**
 * Keeps requests for approval. Every method is one atomic step; what a step means is decided by
 * {@link createApprovals}. A request is *open* while its status is `pending`, `approved` or `refused` and it has not
 * expired.
 *
 * @example
 * ```ts
 * const store: ApprovalStore = createMemoryApprovalStore();
 * ```
 */
export interface ApprovalStore {
  /** The open request with this digest. */
  findOpen(tenant: string, digest: string, nowMs: number): MaybePromise<FiledApproval | undefined>;
  get(tenant: string, id: string): MaybePromise<FiledApproval | undefined>;
  /** Open requests only, oldest first. */
  list(filter: ApprovalFilter, nowMs: number): MaybePromise<readonly FiledApproval[]>;
  /**
   * Adds a request, unless an open one with the same digest exists, or the requester has `pendingMax` open pending ones
   * or too much of the space of the store.
   */
  insert(filed: FiledApproval, pendingMax: number): MaybePromise<'inserted' | 'exists' | 'full'>;
  /** Replaces the request with the same id if the stored one has the version `filed.version - 1`. */
  replace(filed: FiledApproval): MaybePromise<boolean>;
}
