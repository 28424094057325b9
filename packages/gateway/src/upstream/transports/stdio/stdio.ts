/** A server that runs as a child process and speaks JSON-RPC over its standard streams. */
import { setTimeout as sleep } from 'node:timers/promises';
import { GuardError } from '@sallyport/guard';
import { NOTIFICATION } from '@sallyport/server/mcp/notifications';
import { timeoutFailure, transportErrorOf, transportFailure } from '../failure.ts';
import { discover, initialize, PROBE_MS_MAX, speaksNoModern, type Handshake } from '../handshake.ts';
import type { ConnectOptions, TransportKind } from '../transport-kind.ts';
import type { Connection } from '../transport.ts';
import { PROCESS_ENDED } from './child.ts';
import { confinerFor } from './confined.ts';
import { createStdioTransport, type StdioTransport } from './json-rpc.ts';

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

/** Starts a process, which ends when the gateway closes before the connection is open. */
type Start = () => StdioTransport;

async function connect(options: ConnectOptions, environment: Readonly<Record<string, string>>): Promise<Connection> {
  const { settings, log, serverInitiated, closing } = options;
  const confiner = await confinerFor(settings);
  if (closing.aborted) throw transportFailure('the gateway stops', { unsent: true });
  const started: StdioTransport[] = [];
  const start: Start = () => {
    const transport = createStdioTransport(settings, environment, log, serverInitiated, confiner);
    started.push(transport);
    return transport;
  };
  const closeAll = (): void => {
    for (const transport of started) void transport.close();
  };
  closing.addEventListener('abort', closeAll, { once: true });
  try {
    if (settings.era === 'modern') return await connectModern(start(), options);
    if (settings.era === 'legacy' || options.era === 'legacy') return await connectLegacy(start(), options);
    return await connectInAnyEra(start, options);
  } finally {
    closing.removeEventListener('abort', closeAll);
  }
}

/**
 * Asks the first process for 2026-07-28. While it gives no answer, it may be a slow starter of any era, or a legacy
 * server that ignores the question: a second process, which was never asked, gets `initialize`. The first one that
 * answers is kept.
 */
async function connectInAnyEra(start: Start, options: ConnectOptions): Promise<Connection> {
  const first = start();
  const asked = askEra(first, options);
  const stopWaiting = new AbortController();
  const answer = await Promise.race([asked, inDoubtAfter(options, stopWaiting.signal)]);
  stopWaiting.abort();
  switch (answer.kind) {
    case 'modern':
      return answer.connection;
    case 'legacy':
      // Some servers answer with an error and end.
      return connectLegacy(first, options).catch((thrown: unknown) => connectFresh(start, options, thrown));
    case 'failed':
      return connectFresh(start, options, answer.thrown);
    case 'in doubt':
      return connectFirst(first, asked, start(), options);
  }
}

type EraAnswer =
  | { readonly kind: 'modern'; readonly connection: Connection }
  | { readonly kind: 'legacy' }
  | { readonly kind: 'failed'; readonly thrown: unknown };

/** Never rejects. */
async function askEra(transport: StdioTransport, options: ConnectOptions): Promise<EraAnswer> {
  const { settings, ownCapabilities } = options;
  try {
    const handshake = await discover(transport, ownCapabilities, settings.startTimeoutMs);
    return handshake === undefined
      ? { kind: 'legacy' }
      : {
          kind: 'modern',
          connection: { ...transport, ...handshake, era: 'modern', carriesServerRequests: false },
        };
  } catch (thrown) {
    void transport.close();
    return { kind: 'failed', thrown: startFailure(thrown, transport, options) };
  }
}

async function inDoubtAfter(
  { settings: { startTimeoutMs } }: ConnectOptions,
  signal: AbortSignal,
): Promise<{ readonly kind: 'in doubt' }> {
  await sleep(Math.min(PROBE_MS_MAX, startTimeoutMs / 4), undefined, { signal, ref: false }).catch(() => undefined);
  return { kind: 'in doubt' };
}

/** @param thrown why the process that was asked for its era ended; thrown again when another one would not help. */
function connectFresh(start: Start, options: ConnectOptions, thrown: unknown): Promise<Connection> {
  const hasEnded = transportErrorOf(thrown)?.reason.startsWith(PROCESS_ENDED) === true;
  return hasEnded && !options.closing.aborted ? connectLegacy(start(), options) : Promise.reject(thrown);
}

async function connectFirst(
  first: StdioTransport,
  asked: Promise<EraAnswer>,
  second: StdioTransport,
  options: ConnectOptions,
): Promise<Connection> {
  const modern = asked.then((answer) => {
    if (answer.kind === 'modern') return answer.connection;
    throw answer.kind === 'failed' ? answer.thrown : new GuardError('upstream_failed');
  });
  const legacy = connectLegacy(second, options);
  try {
    const connection = await Promise.any([modern, legacy]);
    void (connection.era === 'modern' ? second : first).close();
    return connection;
  } catch {
    void first.close();
    // Both failed. The second process was asked in no other way than a legacy server expects: its failure tells more.
    return legacy;
  }
}

/** A server that is configured as modern gets one question and all the time of a start to answer it. */
async function connectModern(transport: StdioTransport, options: ConnectOptions): Promise<Connection> {
  const answer = await askEra(transport, options);
  if (answer.kind === 'modern') return answer.connection;
  void transport.close();
  throw answer.kind === 'failed' ? answer.thrown : speaksNoModern();
}

async function connectLegacy(transport: StdioTransport, options: ConnectOptions): Promise<Connection> {
  const { settings, capabilities } = options;
  const handshake = await initialize(transport, capabilities, settings.startTimeoutMs).catch(
    (thrown: unknown): Promise<Handshake> => Promise.reject(startFailure(thrown, transport, options)),
  );
  await transport.notify(NOTIFICATION.initialized, {});
  return { ...transport, ...handshake, era: 'legacy', carriesServerRequests: true };
}

/** A process that did not answer in time may have written to standard error what it waits for. */
function startFailure(thrown: unknown, transport: StdioTransport, { settings }: ConnectOptions): unknown {
  if (!(thrown instanceof GuardError) || thrown.code !== 'upstream_timeout') return thrown;
  const seconds = settings.startTimeoutMs / 1000;
  return timeoutFailure(`the process did not answer within ${seconds} s of its start`, { stderr: transport.stderr() });
}
