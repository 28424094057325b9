/** Streamable HTTP: 2026-07-28 when the server knows it, else the session of the revisions before. */
import { GuardError } from '@sallyport/guard';
import { NOTIFICATION } from '@sallyport/server/mcp/notifications';
import {
  discover,
  handshakeTimeoutMs,
  initialize,
  isModernOnly,
  probeTimeoutMs,
  speaksNoModern,
} from '../handshake.ts';
import type { ConnectOptions, TransportKind } from '../transport-kind.ts';
import type { Connection } from '../transport.ts';
import { createLegacyHttpTransport } from './legacy.ts';
import { createModernHttpTransport } from './modern.ts';
import { openSockets, type HttpSockets } from './sockets.ts';

/** Servers that are reached by a URL. */
export const httpTransport: TransportKind = {
  openEndpoint(settings) {
    const sockets = openSockets(settings);
    return { connect: (options) => connect(sockets, options), close: () => sockets.close() };
  },
  restart: 'at once',
  // In 2026-07-28 every request stands alone: a connection has no session.
  sharedEras: new Set(['modern']),
};

async function connect(sockets: HttpSockets, options: ConnectOptions): Promise<Connection> {
  const { era } = options.settings;
  if (era === 'modern') return (await connectModern(sockets, options)) ?? Promise.reject(speaksNoModern());
  if (era === 'legacy' || options.era === 'legacy') return connectLegacy(sockets, options);
  const connection = await connectModern(sockets, options);
  return (
    connection ?? connectLegacy(sockets, options).catch((thrown: unknown) => connectAfter(thrown, sockets, options))
  );
}

/** A server that did not answer the first question in time, and now says that it speaks no legacy revision. */
async function connectAfter(thrown: unknown, sockets: HttpSockets, options: ConnectOptions): Promise<Connection> {
  const connection = isModernOnly(thrown) ? await connectModern(sockets, options) : undefined;
  if (connection === undefined) throw thrown;
  return connection;
}

/** @returns `undefined` when the server does not know 2026-07-28. */
async function connectModern(sockets: HttpSockets, options: ConnectOptions): Promise<Connection | undefined> {
  const { settings, ownCapabilities, log } = options;
  const transport = createModernHttpTransport(settings.name, sockets, log);
  const handshake = await discover(transport, ownCapabilities, probeTimeoutMs(settings)).catch((thrown: unknown) => {
    // Each request stands alone, so that one without an answer does not stand in the way of `initialize`.
    if (thrown instanceof GuardError && thrown.code === 'upstream_timeout') return undefined;
    throw thrown;
  });
  return handshake && { ...transport, ...handshake, era: 'modern', carriesServerRequests: false };
}

async function connectLegacy(sockets: HttpSockets, options: ConnectOptions): Promise<Connection> {
  const { settings, capabilities, log, serverInitiated } = options;
  const transport = createLegacyHttpTransport(settings.name, sockets, log, serverInitiated, settings.resultBytesMax);
  const handshake = await initialize(transport, capabilities, handshakeTimeoutMs(settings));
  transport.openGetStream(handshake.version);
  await transport.notify(NOTIFICATION.initialized, {});
  return { ...transport, ...handshake, era: 'legacy', carriesServerRequests: transport.hasSession() };
}
