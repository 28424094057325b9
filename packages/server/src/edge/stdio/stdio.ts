/**
 * The stdio edge: one client, one message per line, both eras. Standard output carries the protocol and nothing else.
 */
import { randomUUID } from 'node:crypto';
import type { Readable, Writable } from 'node:stream';
import { asGuardError, GuardError, type Credentials, type ShareHolder } from '@sallyport/guard';
import { oneLine, parseStrict } from '@sallyport/guard/json';
import { createCallsUnderWay, interruptionOf, type CallsUnderWay } from '../calls-under-way.ts';
import { createBytesUnderWay, type BytesUnderWay } from '../bytes-under-way.ts';
import type { EdgeDeps, EdgeSnapshot } from '../deps.ts';
import { ASSUMED_VERSION } from '../../mcp/revisions.ts';
import { readClientMessage, type ClientMessage } from '../../mcp/client-message.ts';
import { NOTIFICATION } from '../../mcp/notifications.ts';
import type { Sender, ClientProfile } from '../eras/sender.ts';
import { isModern, readModern } from '../eras/modern.ts';
import { acceptClientMessage } from '../exchange/accept-client-message.ts';
import { answerRequest } from '../exchange/answer-request.ts';
import type { ClientConnection } from '../exchange/connection.ts';
import type { InboundMessage } from '../exchange/inbound-message.ts';
import { serversOnRoute } from '../names/route.ts';
import { recordRejection } from '../rejection.ts';
import { renderError } from '../render/error.ts';
import { acceptsRequests, createClientRequests } from '../sessions/client-requests.ts';
import { createEventMemory } from '../sessions/streams.ts';
import { createLiveSession, type LiveSession, type PendingCall } from '../sessions/live-sessions.ts';
import { subscribeToServers } from '../subscriptions/subscriber.ts';
import { readLines } from './lines.ts';

/** What the stdio edge needs besides. */
export interface StdioDeps extends EdgeDeps {
  readonly input: Readable;
  readonly output: Writable;
  readonly credentials: Credentials;
  /** One server under its own names; `undefined` = all as `server__name`. */
  readonly server: string | undefined;
}

/** A stdio edge that serves its one client. */
export interface StdioEdge {
  /** Resolves when the input has ended and every response was written. */
  readonly ended: Promise<void>;
  /** L9: takes no more calls, lets those under way finish within `graceMs`, answers the others, and ends. */
  stop(graceMs: number): Promise<void>;
}

/** The client, and what it agreed on so far. */
interface StdioClient {
  /** Everything that runs for it. */
  readonly live: LiveSession;
  /** Aborted when the input ends. */
  readonly inputEnded: AbortSignal;
  /** Aborted when the process is to end. */
  readonly closing: AbortSignal;
  readonly bytesUnderWay: BytesUnderWay;
  readonly calls: CallsUnderWay;
  /** Of the last `initialize`. */
  profile: ClientProfile;
  isSubscribed: boolean;
  /** Writes one JSON-RPC message as one line. */
  write(message: Buffer | string): void;
}

const QUEUE_BYTES_MAX = 1024 * 1024;
const NEWLINE = Buffer.from('\n');
/** The one caller of this process. */
const ONLY_USER: ShareHolder = { tenant: '', user: '' };

/** Reads and answers messages from now on, until the input ends. */
export function createStdioEdge(deps: StdioDeps): StdioEdge {
  const { input, output } = deps;
  const inputEnded = new AbortController();
  const closing = new AbortController();
  const client: StdioClient = {
    live: createLiveSession(ONLY_USER, createEventMemory()),
    inputEnded: inputEnded.signal,
    closing: closing.signal,
    bytesUnderWay: createBytesUnderWay(),
    calls: createCallsUnderWay(),
    profile: { protocolVersion: ASSUMED_VERSION, capabilities: {}, clientInfo: undefined },
    isSubscribed: false,
    write: (message) => {
      if (output.writable) output.write(Buffer.concat([oneLine(Buffer.from(message)), NEWLINE]));
    },
  };
  // Nothing can be written to a client that has gone away; the end of the input follows.
  output.on('error', () => input.destroy());
  const pending = new Set<Promise<void>>();
  const receive = (line: Buffer | undefined): Promise<void> | undefined => {
    const handled = handleLine(deps, client, line).finally(() => pending.delete(handled));
    pending.add(handled);
    // While a client does not read, nothing more is read from it.
    return output.writableLength > QUEUE_BYTES_MAX ? drained(output, input) : undefined;
  };
  const finish = async (): Promise<void> => {
    inputEnded.abort();
    for (const { abort } of client.live.calls.values()) abort.abort();
    await Promise.all(pending);
    await deps.heldTasks.runs.finish(0);
  };
  const ended = readLines(input, deps.snapshot().gateway.bodyBytesMax, receive).then(finish, finish);
  return {
    ended,
    async stop(graceMs) {
      closing.abort();
      await Promise.all([client.calls.finish(graceMs), deps.heldTasks.runs.finish(graceMs)]);
      input.destroy();
      await ended;
    },
  };
}

/** Resolves when the output was written, or when either side has closed. */
const drained = (output: Writable, input: Readable): Promise<void> =>
  new Promise((resolve) => {
    const done = (): void => {
      output.off('drain', done).off('close', done);
      input.off('close', done);
      resolve();
    };
    output.once('drain', done).once('close', done);
    input.once('close', done);
  });

/** @param line `undefined` stands for a line that was too long. */
async function handleLine(deps: StdioDeps, client: StdioClient, line: Buffer | undefined): Promise<void> {
  const snapshot = deps.snapshot();
  const correlationId = randomUUID();
  const share = client.bytesUnderWay.open(snapshot.gateway);
  let message: ClientMessage | undefined;
  try {
    share.belongTo(ONLY_USER);
    if (line === undefined) throw new GuardError('payload_too_large');
    const { bodyBytesMax, depthMax, keysMax } = snapshot.gateway;
    const parsed = parseStrict(line, { bytesMax: bodyBytesMax, depthMax: depthMax, keysMax: keysMax });
    message = readClientMessage(parsed);
    // Only requests: what ends a call must still get through.
    if (message.kind === 'request') share.take(line.length);
    const span = parsed.span('params', 'arguments');
    await handleMessage(deps, client, snapshot, message, correlationId, span && line.subarray(...span));
  } catch (thrown) {
    const error = asGuardError(thrown);
    recordRejection(deps, snapshot, error.code, correlationId, '');
    if (message === undefined) client.write(renderError(error, null, correlationId).bytes);
    else if (message.kind === 'request') client.write(renderError(error, message.id, correlationId).bytes);
  } finally {
    share.release();
  }
}

async function handleMessage(
  deps: StdioDeps,
  client: StdioClient,
  snapshot: EdgeSnapshot,
  message: ClientMessage,
  correlationId: string,
  rawArguments: Uint8Array | undefined,
): Promise<void> {
  const { server, credentials } = deps;
  const pending: PendingCall = { abort: new AbortController(), principalKey: undefined };
  const inbound: InboundMessage = {
    snapshot,
    route: { endpoint: server === undefined ? '/mcp' : `/mcp/${server}`, server },
    sender: readSender(client, message),
    credentials,
    transport: 'stdio',
    address: '',
    correlationId,
    headers: undefined,
    rawArguments,
    signal: pending.abort.signal,
    startedAtMs: performance.now(),
  };
  if (message.kind === 'request') {
    // To listen has no end of its own, so that nobody waits for it.
    const end = message.method === 'subscriptions/listen' ? undefined : client.calls.begin(pending.abort);
    try {
      return await answerRequest(deps, inbound, message, createStdioConnection(client, pending));
    } finally {
      end?.();
    }
  }
  const outcome = await acceptClientMessage(deps, inbound, message, client.live);
  if (outcome.status === 'success' && message.kind === 'notification' && message.method === NOTIFICATION.initialized)
    startSubscription(deps, client, inbound);
}

function readSender({ profile }: StdioClient, message: ClientMessage): Sender {
  if (message.kind !== 'response' && isModern(message, undefined)) return readModern(message, undefined);
  return { era: 'legacy', ...profile, logLevel: undefined, session: undefined };
}

const createStdioConnection = (client: StdioClient, pending: PendingCall): ClientConnection => ({
  live: client.live,
  pending,
  canStream: true,
  streamLimits: undefined,
  closed: client.inputEnded,
  closing: client.closing,
  whileStreaming: () => undefined,
  send: (message) => client.write(JSON.stringify(message)),
  endStream: () => {},
  openSession(profile) {
    client.profile = profile;
  },
  // The process is the session.
  holdSession: () => Promise.resolve(),
  finish({ bytes }) {
    // A cancelled request gets no response.
    if (!pending.abort.signal.aborted || interruptionOf(pending.abort.signal) !== undefined) client.write(bytes);
    return 200;
  },
  release: () => {},
});

/** There is no GET on stdio: a legacy client receives server-initiated messages from its initialization on. */
function startSubscription(deps: StdioDeps, client: StdioClient, initialized: InboundMessage): void {
  const { sender, route, snapshot } = initialized;
  if (client.isSubscribed || sender.era !== 'legacy') return;
  client.isSubscribed = true;
  const pending: PendingCall = { abort: new AbortController(), principalKey: undefined };
  client.inputEnded.addEventListener('abort', () => pending.abort.abort(), { once: true });
  const { requestTimeoutMs } = snapshot.gateway;
  const send = (message: object): void => client.write(JSON.stringify(message));
  const clientRequests = acceptsRequests(sender.capabilities)
    ? createClientRequests(client.live, pending, sender.capabilities, requestTimeoutMs, { send })
    : undefined;
  const inbound = { ...initialized, correlationId: randomUUID(), signal: pending.abort.signal };
  void subscribeToServers(deps, inbound, serversOnRoute(route, snapshot.servers), {
    send,
    isReturning: false,
    request: clientRequests?.send,
    isCurrent: () => true,
    admit: ({ principal }) => {
      pending.principalKey = principal.key;
    },
  });
}
