/**
 * Streamable HTTP up to 2025-11-25: one session, requests whose streams can be resumed, and a GET stream for what the
 * server sends on its own.
 */
import type { Log } from '@sallyport/guard';
import { createPendingClientRequests } from '../../client-requests/pending.ts';
import { encodeNotification } from '../encode.ts';
import type { ServerInitiated, Transport } from '../transport.ts';
import { keepGetStream } from './get-stream.ts';
import { requestLegacy } from './legacy-request.ts';
import { closeSession, post, type LegacySession } from './legacy-session.ts';
import type { HttpSockets } from './sockets.ts';

/** A transport that can also listen outside requests. */
export interface LegacyHttpTransport extends Transport {
  /** After `initialize`: names the revision in headers from now on, and opens the GET stream. */
  openGetStream(version: string): void;
  /** Whether the server gave a session id. */
  hasSession(): boolean;
}

/** @param bytesMax bytes that a message on the GET stream may have. */
export function createLegacyHttpTransport(
  server: string,
  sockets: HttpSockets,
  log: Log,
  serverInitiated: ServerInitiated,
  bytesMax: number,
): LegacyHttpTransport {
  const session: LegacySession = {
    server,
    sockets,
    log,
    serverInitiated,
    bytesMax,
    ended: new AbortController(),
    id: undefined,
    version: undefined,
    lastRequestId: 0,
    drops: 0,
    closed: false,
    receivers: new Map(),
    clientRequests: createPendingClientRequests(),
  };
  return {
    request: (outbound) => requestLegacy(session, outbound),
    notify: (method, params) => post(session, encodeNotification(method, params)),
    isClosed: () => session.closed,
    close: () => closeSession(session),
    hasSession: () => session.id !== undefined,
    openGetStream: (version) => {
      session.version = version;
      keepGetStream(session);
    },
  };
}
