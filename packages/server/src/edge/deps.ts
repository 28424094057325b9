/** What the composition of the gateway gives to the edge. */
import type {
  Clock,
  Credentials,
  Definition,
  ErrorCode,
  FiledApproval,
  Guard,
  Identity,
  Log,
  Outcome,
  Principal,
  RateLimiter,
  Sealer,
  MaybePromise,
  SendUpstream,
  SessionDirectory,
  ShareHolder,
  Target,
} from '@sallyport/guard';
import type { JwtIssuer, RequestHead } from '@sallyport/guard/stages';
import type { HeldTasks } from './tasks/held-tasks.ts';
import type { GatewaySettings, ServerProfile } from './settings.ts';

/** An issuer whose tokens are accepted, as clients are told of it. */
export interface EdgeIssuer extends Pick<JwtIssuer, 'issuer' | 'requiredScopes' | 'senderConstrained'> {
  /** Scopes that clients are told to ask for. */
  readonly scopesSupported: readonly string[];
}

/**
 * The settings that the edge reads. Taken once when a message arrives, so that a reload never changes a running call.
 */
export interface EdgeSnapshot {
  readonly gateway: GatewaySettings;
  readonly issuers: readonly EdgeIssuer[];
  /** Names of the configured servers, sorted. */
  readonly servers: readonly string[];
  /** The one server that `/mcp` shows under its own names, where there is no gateway. */
  readonly onlyServer?: string;
}

/** One answered request, for the metrics. */
export interface RequestReport {
  /** The JSON-RPC method where there is one, else the HTTP method. */
  readonly method: string;
  readonly endpoint: string;
  /** HTTP status; always 200 on stdio. */
  readonly status: number;
  readonly tenant: string | undefined;
  readonly ms: number;
}

/** Requests for approval, as callers that wait for one see them. */
export interface ApprovalWaits {
  /** The page on which people decide about a request. */
  readonly pageOf: (id: string) => string;
  /** The longest time that a caller is kept waiting. */
  readonly waitMs: () => number;
  /** Revision of the policies in force: an approval is for one of them. */
  readonly revision: () => string;
  /**
   * Takes a place among the calls that wait.
   *
   * @returns what gives it back; `undefined` when the share of the holder is used up.
   */
  readonly hold: (holder: ShareHolder) => (() => void) | undefined;
  /** A request as it is now. @throws GuardError `not_found`. */
  readonly show: (tenant: string, id: string) => Promise<FiledApproval>;
  /** Takes a request back for the caller of its call, on record. @throws GuardError `not_found` when it has ended. */
  readonly withdraw: (tenant: string, id: string, by: Principal) => Promise<void>;
  /** Resolves when the request does not wait any more, or when the signal is aborted. Never rejects. */
  readonly decided: (tenant: string, id: string, signal: AbortSignal) => Promise<void>;
}

/** What both transports need. */
export interface EdgeDeps {
  readonly guard: Guard;
  /** Sends a permitted call to the servers behind the guard. */
  readonly send: SendUpstream;
  /** The settings in force now. */
  readonly snapshot: () => EdgeSnapshot;
  /** `undefined` for a server that is not configured. A server that was never reached has assumed capabilities. */
  readonly profileOf: (server: string) => ServerProfile | undefined;
  /** The pinned definition of a target. */
  readonly definitionOf: (target: Target) => Definition | undefined;
  /** Whether a caller may know that a server exists: decided as lists are (invariant 3). */
  readonly maySee: (identity: Identity, server: string) => boolean;
  readonly approvals: ApprovalWaits;
  /** Calls that wait for an approval as tasks. */
  readonly heldTasks: HeldTasks;
  readonly clock: Clock;
  /** For deadlines and ages: it is never set. */
  readonly steadyClock: Clock;
  readonly log: Log;
  /** Counts an answered request. */
  readonly report: (event: RequestReport) => void;
  /** Counts a finished call. */
  readonly called: (outcome: Outcome) => void;
  readonly limiter: RateLimiter;
  /** Records a message that was refused before it became a call. */
  readonly rejected: (code: ErrorCode, correlationId: string, address: string) => void;
}

/** What the HTTP edge needs besides. */
export interface HttpEdgeDeps extends EdgeDeps {
  readonly sessions: SessionDirectory;
  readonly sealer: Sealer;
  /** Reads who sends a request, and checks a proof of possession where there is one. */
  readonly readCredentials: (head: RequestHead) => MaybePromise<Credentials>;
  /** @throws GuardError for a body that is not the one that the credentials were proven for. */
  readonly checkContentDigest: (credentials: Credentials, body: Uint8Array) => void;
  /** Counts a request that was refused because its address sends too many. */
  readonly addressLimited: () => void;
  /** Event streams of all users together. */
  readonly streamsMax: number;
}
