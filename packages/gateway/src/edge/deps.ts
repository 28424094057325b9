/** What the edge is given by `main.ts`. */
import type {
  Clock,
  Definition,
  Guard,
  Log,
  Outcome,
  RateLimiter,
  SendUpstream,
  Sealer,
  SessionDirectory,
  Credentials,
  Target,
  ErrorCode,
  Identity,
} from '@sallyport/guard';
import type { GatewaySettings, ServerDirectory } from '../snapshot.ts';

export interface RequestReport {
  readonly method: string;
  readonly endpoint: string;
  readonly status: number;
  readonly tenant: string | undefined;
  readonly ms: number;
}

/** What both doors need. */
export interface EdgeDeps {
  readonly guard: Guard;
  /** Everything behind the guard. */
  readonly send: SendUpstream;
  readonly view: ServerDirectory;
  readonly definitionOf: (target: Target) => Definition | undefined;
  /** Whether somebody may know of a server: of anything that it offers. The same decision as for lists. */
  readonly sees: (who: Identity, server: string) => boolean;
  readonly settings: () => GatewaySettings;
  readonly clock: Clock;
  readonly log: Log;
  readonly report: (event: RequestReport) => void;
  readonly called: (outcome: Outcome) => void;
  readonly limiter: RateLimiter;
  /** A request that was refused before it was a call. */
  readonly rejected: (code: ErrorCode, correlationId: string, address: string) => void;
}

export interface HttpEdgeDeps extends EdgeDeps {
  /** Authorization servers and scopes for RFC 9728. */
  readonly issuers: () => readonly string[];
  readonly scopes: () => readonly string[];
  readonly sessions: SessionDirectory;
  readonly sealer: Sealer;
  readonly readAuthorization: (values: readonly string[]) => Credentials;
  /** A request was refused because its address sends too many. */
  readonly addressLimited: () => void;
}
