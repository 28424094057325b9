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
  /** Approvers must prove with a passkey (WebAuthn) that they say yes to this request. */
  readonly passkey?: true;
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
 * Who called: a user, and what their token says for people to read. Names decide nothing.
 *
 * @example
 * ```ts
 * const nameOf = ({ name, subject }: Requester): string => name ?? subject;
 * ```
 */
export interface Requester extends Person {
  readonly name?: string;
  readonly email?: string;
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
  /** Of the person, as their issuer has verified it: under another issuer they are the same person (U5). */
  readonly email?: string;
  /** Id of the passkey that signed a yes, where one is asked for. */
  readonly passkey?: string;
  /** Where it was said: `api`, `cli`, `dashboard` … */
  readonly channel: string;
  readonly atMs: number;
}

/**
 * Where a request for approval stands. `pending` and `approved` may still become a call; the others are ends, of which
 * `denied` is remembered until it expires, so that the call is not asked again.
 *
 * @example
 * ```ts
 * const isOver = (status: ApprovalStatus): boolean => !['pending', 'approved', 'denied'].includes(status);
 * ```
 */
export type ApprovalStatus = 'pending' | 'approved' | 'denied' | 'consumed' | 'withdrawn' | 'superseded' | 'expired';

/**
 * What happened to a request. `reminder`: it still waits, and most of its time is over. `executed`: what became of the
 * call is known.
 *
 * @example
 * ```ts
 * const needsPeople = (kind: ApprovalEventKind): boolean => kind === 'filed' || kind === 'reminder';
 * ```
 */
export type ApprovalEventKind =
  | 'filed'
  | 'decided'
  | 'withdrawn'
  | 'superseded'
  | 'expired'
  | 'reminder'
  | 'consumed'
  | 'executed';

/**
 * One thing that happened, in every process on the same store alike.
 *
 * @example
 * ```ts
 * const isOf = ({ tenant }: ApprovalEvent, mine: string): boolean => tenant === mine;
 * ```
 */
export interface ApprovalEvent {
  /** Grows with every event of the store. */
  readonly sequence: number;
  readonly kind: ApprovalEventKind;
  readonly tenant: string;
  /** The request. */
  readonly id: string;
  readonly atMs: number;
}

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
  readonly requester: Requester;
  readonly agent: { readonly clientId: string; readonly actors: readonly string[] };
  readonly server: string;
  readonly tool: string;
  readonly definitionDigest: string;
  /** The exact arguments, whole. */
  readonly arguments: JsonObject;
  /** Revision of the policies that permitted the call. */
  readonly revision: string;
  /** Digest of the rules that spoke of the tool (`rulesDigest`); absent in requests of before that was kept. */
  readonly rules?: string;
  readonly demand: ApprovalDemand;
  readonly decisions: readonly Decision[];
  readonly createdAtMs: number;
  readonly expiresAtMs: number;
  /** When people are reminded of it, if it still waits then. */
  readonly remindAtMs: number;
  /** When it was denied, consumed or ended otherwise. */
  readonly endedAtMs: number | undefined;
  /** Why it is `withdrawn` or `superseded`, for people. */
  readonly endedBecause: string | undefined;
  /**
   * What became of the call, once the approval is `consumed`. It is `unknown` (U16) until the call has ended, and stays
   * so when the process was killed in between.
   */
  readonly execution: 'unknown' | 'finished' | 'failed' | undefined;
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
  /**
   * As it is at the time of the question: what has expired is `expired`, also before it is noted in the store. `open`:
   * `pending`, `approved` and `denied`, and not expired. Absent: all.
   */
  readonly status?: ApprovalStatus | 'open';
  /** Absent: of everybody. */
  readonly requester?: Person;
  /** Of users with this subject, whatever their issuer. */
  readonly subject?: string;
  readonly server?: string;
  readonly tool?: string;
}

/**
 * A part of a list. Requests that are filed meanwhile come after it, so that no page shows one twice or leaves one out.
 *
 * @example
 * ```ts
 * const next = (last: FiledApproval): ApprovalPage => ({ limit: 50, after: last });
 * ```
 */
export interface ApprovalPage {
  readonly limit: number;
  /** The last request of the page before. */
  readonly after?: Pick<FiledApproval, 'createdAtMs' | 'id'>;
  /** `oldest` first when absent. */
  readonly order?: 'oldest' | 'newest';
}

/**
 * How much may wait, and how often people may have said no.
 *
 * @example
 * ```ts
 * const few = { pendingMax: 20, agentPendingMax: 200, tenantPendingMax: 2_000 };
 * const limits: ApprovalLimits = { ...few, denialsMax: 5, denialsAfterMs: 0 };
 * ```
 */
export interface ApprovalLimits {
  /** Open pending requests of one user; and how many of them the user may have taken back after `denialsAfterMs`. */
  readonly pendingMax: number;
  /** Open pending requests through one agent of a tenant, whoever its users are. */
  readonly agentPendingMax: number;
  /** Open pending requests of one tenant. */
  readonly tenantPendingMax: number;
  /** Requests of one user that were denied after `denialsAfterMs`: with so many, nothing more is filed. */
  readonly denialsMax: number;
  readonly denialsAfterMs: number;
}

/**
 * What became of a request that was to be filed: an open one with the same digest exists, too many of the user, the
 * agent or the tenant wait or fill the store, people said no too often, or the user took too many back.
 *
 * @example
 * ```ts
 * const isRefused = (filing: Filing): boolean => filing === 'full' || filing === 'denied_often';
 * ```
 */
export type Filing = 'inserted' | 'exists' | 'full' | 'tenant_full' | 'denied_often' | 'withdrawn_often';

/**
 * Keeps requests for approval and what happened to them. Every method is one atomic step; what a step means is decided
 * by {@link createApprovals}. A request is *open* while its status is `pending`, `approved` or `denied` and it has not
 * expired ({@link hasExpired}).
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
  /** All of them when there is no page. */
  list(filter: ApprovalFilter, nowMs: number, page?: ApprovalPage): MaybePromise<readonly FiledApproval[]>;
  count(filter: ApprovalFilter, nowMs: number): MaybePromise<number>;
  /** Adds a request, with the event `filed`. */
  insert(filed: FiledApproval, limits: ApprovalLimits): MaybePromise<Filing>;
  /** Replaces the request with the same id if the stored one has the version `filed.version - 1`, with an event. */
  replace(filed: FiledApproval, kind: ApprovalEventKind, atMs: number): MaybePromise<boolean>;
  /** Requests that have expired while they were `pending` or `approved`, and are not `expired` yet. */
  due(nowMs: number, max: number): MaybePromise<readonly FiledApproval[]>;
  /** Adds the event `reminder` for pending requests whose time has come, once each. */
  remind(nowMs: number): MaybePromise<void>;
  /** Events after a sequence number, oldest first. */
  events(after: number, max: number): MaybePromise<readonly ApprovalEvent[]>;
  /** Sequence number of the newest event; 0 when there is none. */
  lastEvent(): MaybePromise<number>;
  /** Forgets requests that ended and events that happened before a time. */
  forget(beforeMs: number): MaybePromise<void>;
}
