/** A server that runs as a child process and speaks JSON-RPC over its standard streams. */
import { NOTIFICATION } from '../../../mcp/notifications.ts';
import { transportErrorOf } from '../failure.ts';
import { discover, handshakeTimeoutMs, initialize, probeTimeoutMs, type Handshake } from '../handshake.ts';
import type { ConnectOptions, TransportKind } from '../transport-kind.ts';
import type { Connection, Transport } from '../transport.ts';
import { PROCESS_ENDED } from './child.ts';
import { createStdioTransport } from './json-rpc.ts';

/** Servers that the gateway starts itself. */
export const stdioTransport: TransportKind = {
  // Each connection has a child process of its own; connections share nothing.
  openEndpoint: (_settings, environment) => ({
    connect: (options) => connect(options, environment),
    close: () => Promise.resolve(),
  }),
  restart: 'backoff',
  sharedEras: new Set(),
};

async function connect(options: ConnectOptions, environment: Readonly<Record<string, string>>): Promise<Connection> {
  const { settings, log, serverInitiated } = options;
  const start = (): Transport => createStdioTransport(settings, environment, log, serverInitiated);
  const transport = start();
  if (options.era === 'legacy') return connectLegacy(transport, options);
  const handshake = await probe(transport, options);
  if (handshake === 'process ended') return connectLegacy(start(), options);
  if (handshake === undefined) return connectLegacy(transport, options);
  return { ...transport, ...handshake, era: 'modern' };
}

/**
 * @returns `undefined` when the server does not know 2026-07-28; `process ended` when it ended at `server/discover`, as
 * some legacy servers do. A process that could not be started at all would not start the second time either.
 */
async function probe(
  transport: Transport,
  { settings, capabilities }: ConnectOptions,
): Promise<Handshake | 'process ended' | undefined> {
  try {
    return await discover(transport, capabilities, probeTimeoutMs(settings));
  } catch (thrown) {
    await transport.close();
    if (transportErrorOf(thrown)?.reason.startsWith(PROCESS_ENDED) === true) return 'process ended';
    throw thrown;
  }
}

async function connectLegacy(transport: Transport, { settings, capabilities }: ConnectOptions): Promise<Connection> {
  const handshake = await initialize(transport, capabilities, handshakeTimeoutMs(settings));
  await transport.notify(NOTIFICATION.initialized, {});
  return { ...transport, ...handshake, era: 'legacy' };
}
