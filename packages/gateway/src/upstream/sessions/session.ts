/** A link with what is remembered about it: who owns it, what runs on it, what was seen through it. */
import type { DefinitionKind, Permitted } from '@sallyport/guard';
import type { ServerSettings } from '../../snapshot.ts';
import type { Connection, OutboundRequest } from '../transports/transport.ts';

/** For whom a link is: a principal in one session. */
export interface Owner {
  readonly principal: string;
  /** The client's session id, or `-`. */
  readonly session: string;
}

/** A call that runs on a session: a message of the server that names no call may belong to it. */
export type ActiveCall = Pick<OutboundRequest, 'onNotification' | 'onRequest'>;

/** What a list showed through this link the last time. */
export interface Verification {
  readonly verifiedAtMs: number;
  /** Version of the pins that it was compared with. */
  readonly pinsVersion: number;
  /** Names (or URIs) that were listed and match their pins, with the digest. */
  readonly served: ReadonlyMap<string, string>;
}

/** What the server's own messages touch. It exists before the connection does: a server may send during the handshake. */
export interface SessionTraffic {
  readonly activeCalls: ActiveCall[];
  readonly verifications: Map<DefinitionKind, Verification>;
}

export interface UpstreamSession extends SessionTraffic {
  readonly key: string;
  readonly settings: ServerSettings;
  /** `undefined` for a modern HTTP server: its requests carry neither session nor identity. */
  readonly owner: Owner | undefined;
  readonly connection: Connection;
  /** Calls and listens that use it now. */
  useCount: number;
  lastUsedAtMs: number;
  /** Comparisons that run now, so that calls at the same time share one. */
  readonly runningVerifications: Map<DefinitionKind, Promise<Verification>>;
  /** Resources subscribed over this link (legacy). */
  readonly subscribedUris: Set<string>;
  /** Ids of tasks that were made over this link, newest last. */
  readonly taskIds: Set<string>;
  logLevel: string | undefined;
}

export const ownerOf = ({ principal, call }: Permitted): Owner => ({
  principal: principal.key,
  session: call.session?.id ?? '-',
});

export const ownerKey = ({ principal, session }: Owner): string => JSON.stringify([principal, session]);

export function createUpstreamSession(head: {
  key: string;
  settings: ServerSettings;
  owner: Owner | undefined;
  link: Connection;
  traffic: SessionTraffic;
  now: number;
}): UpstreamSession {
  const { key, settings, owner, link, traffic, now } = head;
  return {
    key,
    settings,
    owner,
    connection: link,
    useCount: 0,
    lastUsedAtMs: now,
    ...traffic,
    runningVerifications: new Map(),
    subscribedUris: new Set(),
    taskIds: new Set(),
    logLevel: undefined,
  };
}
