/** An upstream session: a connection to a server, whom it serves, and what the gateway remembers about it. */
import { shareHolderOf, type DefinitionKind, type Permitted, type PrincipalKey } from '@sallyport/guard';
import type { ServerSettings } from '../../snapshot.ts';
import type { Verification } from '../pins/verification.ts';
import type { Connection, OutboundRequest } from '../transports/transport.ts';

/** Whom a session serves: a principal in one session of its client. */
export interface Owner {
  readonly principal: PrincipalKey;
  /** The user behind it, whatever its client: shares are counted for users (B7). */
  readonly user: string;
  readonly tenant: string;
  /** The client's session id, or `-`. */
  readonly session: string;
  /** True for the gateway itself: what its session shows decides for everybody (B11). */
  readonly isGateway: boolean;
}

/** A call that the server works on. What the server sends without naming a call may belong to it. */
export type ActiveCall = Pick<OutboundRequest, 'onNotification' | 'onRequest'>;

/** What the gateway remembers about a session. Made before the connection opens: a server may send messages at once. */
export interface SessionState {
  /** Calls that the server works on, newest last. */
  readonly activeCalls: ActiveCall[];
  readonly verifications: Map<DefinitionKind, Verification>;
  /** Verifications that run now: calls at the same time share one. */
  readonly runningVerifications: Map<DefinitionKind, Promise<Verification>>;
  /** Resources that are subscribed in this session (revisions up to 2025-11-25). */
  readonly subscribedUris: Set<string>;
  /** Ids of the tasks that this session created, newest last. */
  readonly taskIds: Set<string>;
  /** The level that was last sent with `logging/setLevel`. */
  logLevel: string | undefined;
}

/** An open session. */
export interface UpstreamSession extends SessionState {
  /** Its key in the pool. */
  readonly key: string;
  readonly settings: ServerSettings;
  /** `undefined` when the connection carries neither session nor identity, so that it serves all principals. */
  readonly owner: Owner | undefined;
  readonly connection: Connection;
  /** Calls and subscriptions that use the session now. */
  useCount: number;
  lastUsedAtMs: number;
}

/** @returns the owner of the sessions that a call may use. */
export const ownerOf = ({ principal, tenant, call }: Permitted): Owner => ({
  principal: principal.key,
  ...shareHolderOf({ principal, tenant }),
  session: call.session?.id ?? '-',
  isGateway: call.credentials.kind === 'gateway',
});

/** A text that no other owner has. */
export const ownerKey = ({ principal, session }: Owner): string => JSON.stringify([principal, session]);

/** The state of a session that is being opened. */
export const createSessionState = (): SessionState => ({
  activeCalls: [],
  verifications: new Map(),
  runningVerifications: new Map(),
  subscribedUris: new Set(),
  taskIds: new Set(),
  logLevel: undefined,
});
