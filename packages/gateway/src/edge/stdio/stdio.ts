/** The stdio door: one client, one line a message, both eras. Standard output carries the protocol and nothing else. */
import { randomUUID } from 'node:crypto';
import type { Readable, Writable } from 'node:stream';
import {
  asGuardError,
  GuardError,
  isObject,
  spendPermit,
  type ClientChannel,
  type Credentials,
  type GuardError as Refusal,
  type JsonObject,
  type Outcome,
} from '@sallyport/guard';
import { oneLine, parseStrict } from '@sallyport/guard/json';
import { renderOutcome, renderError } from '../render-outcome.ts';
import type { EdgeDeps } from '../deps.ts';
import { readClientMessage, type ClientMessage } from '../../mcp/client-message.ts';
import { afterWait } from '../eras/approval-wait.ts';
import type { Caller } from '../eras/caller.ts';
import { isModern, readModern } from '../eras/modern.ts';
import { ASSUMED_VERSION } from '../../mcp/revisions.ts';
import { toCall, isPassedOn, runCall, type InboundMessage, type GatewayMethod } from '../exchange.ts';
import { acceptsRequests, createClientRequests, type ClientRequests } from '../sessions/client-requests.ts';
import { runSubscription } from '../subscription.ts';
import { initializeResult, negotiate, serverInfoOf } from '../gateway-methods.ts';
import { notificationParams } from '../names/notification-params.ts';
import { inRoute } from '../names/route.ts';
import { recordRejection } from '../rejection.ts';
import { clientChannel } from '../client-channel.ts';
import {
  beginCall,
  callKey,
  createLiveSession,
  endCall,
  type LiveSession,
  type PendingCall,
} from '../sessions/live-sessions.ts';
import { createNotificationGate, deliverNotification } from '../reauthorize.ts';
import { settleClientMessage } from '../sessions/settle-client-message.ts';
import { readLines } from './lines.ts';

export interface StdioDeps extends EdgeDeps {
  readonly input: Readable;
  readonly output: Writable;
  readonly credentials: Credentials;
  /** One server under its own names; `undefined` = all as `server__name`. */
  readonly server: string | undefined;
}

export interface StdioEdge {
  /** Settles when the input ended and every answer was written. */
  readonly ended: Promise<void>;
}

/** What `initialize` agreed on with a legacy client. */
interface Agreed {
  protocolVersion: string;
  capabilities: JsonObject;
  clientInfo: JsonObject | undefined;
  /** What belongs to no call is being sent. */
  listens: boolean;
}

interface Pipe extends StdioDeps {
  readonly live: LiveSession;
  /** Aborted when the input ends. */
  readonly ending: AbortSignal;
  readonly agreed: Agreed;
  write(bytes: Buffer | string): void;
}

export function createStdioEdge(deps: StdioDeps): StdioEdge {
  const { input, output } = deps;
  const live = createLiveSession({ bytes: 0 });
  const ending = new AbortController();
  const pipe: Pipe = {
    ...deps,
    live,
    ending: ending.signal,
    agreed: { protocolVersion: ASSUMED_VERSION, capabilities: {}, clientInfo: undefined, listens: false },
    write: (bytes) => {
      if (output.writable) output.write(Buffer.concat([oneLine(Buffer.from(bytes)), NEWLINE]));
    },
  };
  // A client that is gone cannot be told anything; the end of the input says the same a moment later.
  output.on('error', () => input.destroy());
  const working = new Set<Promise<void>>();
  const ended = readLines(input, deps.settings().bodyBytesMax, (line) => {
    const work = take(pipe, line).finally(() => working.delete(work));
    working.add(work);
    return output.writableLength > QUEUE_BYTES_MAX ? drained(output, input) : undefined;
  })
    .catch(() => {})
    .then(async () => {
      ending.abort();
      for (const { abort } of live.calls.values()) abort.abort();
      await Promise.all(working);
    });
  return { ended };
}

/** What a client does not read is kept up to a bound; beyond it, nothing more is read from it. */
const QUEUE_BYTES_MAX = 1024 * 1024;

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

const NEWLINE = Buffer.from('\n');

async function take(pipe: Pipe, line: Buffer | undefined): Promise<void> {
  const correlationId = randomUUID();
  let message: ClientMessage | undefined;
  try {
    if (line === undefined) throw new GuardError('payload_too_large');
    const { bodyBytesMax: maxBodyBytes, depthMax: maxDepth, keysMax: maxKeys } = pipe.settings();
    const parsed = parseStrict(line, { maxBytes: maxBodyBytes, maxDepth, maxKeys });
    message = readClientMessage(parsed);
    const span = parsed.span('params', 'arguments');
    await answer(pipe, message, { correlationId, rawArguments: span && line.subarray(...span) });
  } catch (thrown) {
    const error: Refusal = asGuardError(thrown);
    recordRejection(pipe, { code: error.code, correlationId, address: '' });
    if (message === undefined || message.kind === 'request')
      pipe.write(renderError(error, message?.kind === 'request' ? message.id : null, correlationId).bytes);
  }
}

function callerOf({ agreed }: Pipe, message: ClientMessage): Caller {
  if (message.kind !== 'response' && isModern(message, undefined)) return readModern(message, undefined);
  const { listens: _listens, ...said } = agreed;
  return { era: 'legacy', ...said, logLevel: undefined, session: undefined };
}

async function answer(
  pipe: Pipe,
  given: ClientMessage,
  { correlationId, rawArguments }: { readonly correlationId: string; readonly rawArguments: Uint8Array | undefined },
): Promise<void> {
  const caller = callerOf(pipe, given);
  const waited = given.kind === 'request' && caller.era === 'modern' ? afterWait(given.params) : undefined;
  const message = given.kind === 'request' && waited !== undefined ? { ...given, params: waited.params } : given;
  const abort = new AbortController();
  const arrival: InboundMessage = {
    route: { endpoint: pipe.server === undefined ? '/mcp' : `/mcp/${pipe.server}`, server: pipe.server },
    caller,
    credentials: pipe.credentials,
    transport: 'stdio',
    address: '',
    correlationId,
    headers: undefined,
    rawArguments,
    signal: abort.signal,
  };
  if (message.kind !== 'request') return accept(pipe, message, arrival);
  const startedAt = performance.now();
  const key = callKey(message.id);
  const under: PendingCall = { abort, holder: undefined };
  const send = (one: object): void => pipe.write(JSON.stringify(one));
  const questions = createClientRequests(
    { live: pipe.live, call: under, capabilities: caller.capabilities, timeoutMs: pipe.settings().requestTimeoutMs },
    { send },
  );
  const held = beginCall(pipe.live, key, under);
  try {
    const { outcome, from } = await run(pipe, message, { arrival, send, questions, held });
    questions.end();
    pipe.called(outcome);
    pipe.report({
      method: message.method,
      endpoint: 'stdio',
      status: 200,
      tenant: outcome.tenant?.id,
      ms: performance.now() - startedAt,
    });
    const modern = caller.era === 'modern' && {
      serverInfo: serverInfoOf(pipe, arrival.route, outcome),
      capabilities: waited?.declined === true ? undefined : caller.capabilities,
    };
    // What was cancelled is not answered.
    if (!abort.signal.aborted)
      pipe.write(renderOutcome(outcome, { ...message, era: caller.era, route: arrival.route, from, ...modern }).bytes);
  } finally {
    questions.end();
    endCall(pipe.live, key, under);
  }
}

interface Running {
  readonly arrival: InboundMessage;
  readonly questions: ClientRequests;
  readonly held: (holder: string) => void;
  send(message: object): void;
}

async function run(
  pipe: Pipe,
  message: Request,
  { arrival, send, questions, held }: Running,
): Promise<{ readonly outcome: Outcome; readonly from: string | undefined }> {
  if (message.method === 'subscriptions/listen')
    return {
      outcome: await runSubscription(pipe, arrival, {
        id: message.id,
        params: message.params,
        send,
        entered: () => {},
      }),
      from: undefined,
    };
  const call = toCall(pipe, message, arrival);
  const { caller } = arrival;
  const ask = acceptsRequests(caller.capabilities) ? questions.ask : undefined;
  const outcome = await runCall(
    pipe,
    { call, arrival, relay: clientChannel(caller, message.params, { send, ask }), held },
    message.method === 'initialize' ? greeting(pipe, message) : undefined,
  );
  return { outcome, from: 'server' in call.target ? call.target.server : undefined };
}

type Request = Extract<ClientMessage, { kind: 'request' }>;

const greeting =
  (pipe: Pipe, { params }: Request): GatewayMethod =>
  (_deps, permit, { arrival }) => {
    const who = spendPermit(permit);
    agree(pipe, params);
    return { value: initializeResult(pipe, { route: arrival.route, who }, pipe.agreed.protocolVersion) };
  };

function agree({ agreed }: Pipe, params: JsonObject): void {
  agreed.protocolVersion = negotiate(params['protocolVersion']);
  agreed.capabilities = isObject(params['capabilities']) ? params['capabilities'] : {};
  agreed.clientInfo = isObject(params['clientInfo']) ? params['clientInfo'] : undefined;
}

async function accept(
  pipe: Pipe,
  message: Exclude<ClientMessage, { kind: 'request' }>,
  arrival: InboundMessage,
): Promise<void> {
  const internal = message.kind === 'response';
  const call = toCall(pipe, internal ? { method: 'session/answer', params: {} } : message, arrival, internal);
  const relay = { ...SILENT, capabilities: arrival.caller.capabilities };
  const outcome = await runCall(
    pipe,
    { call, arrival, relay },
    isPassedOn(call.method)
      ? undefined
      : (_deps, permit) => {
          settleClientMessage(pipe.live, message, spendPermit(permit).principal.key);
          return { value: {} };
        },
  );
  if (outcome.status === 'success' && message.kind === 'notification' && message.method === 'notifications/initialized')
    listenAlways(pipe, arrival);
}

const SILENT: ClientChannel = {
  era: 'legacy',
  capabilities: {},
  logLevel: undefined,
  progressToken: undefined,
  notify: () => {},
  request: undefined,
};

/** On stdio there is no stream to open: a legacy client that is ready hears what belongs to no call. */
function listenAlways(pipe: Pipe, arrival: InboundMessage): void {
  const { agreed, ending, live, view } = pipe;
  if (agreed.listens || arrival.caller.era !== 'legacy') return;
  agreed.listens = true;
  const { route, caller } = arrival;
  const abort = new AbortController();
  ending.addEventListener('abort', () => abort.abort(), { once: true });
  const send = (one: object): void => pipe.write(JSON.stringify(one));
  const hear = createNotificationGate(pipe, { ...arrival, signal: abort.signal });
  for (const server of inRoute(route, view.servers())) {
    const under: PendingCall = { abort, holder: undefined };
    const questions = createClientRequests(
      { live, call: under, capabilities: caller.capabilities, timeoutMs: pipe.settings().requestTimeoutMs },
      { send },
    );
    const relay: ClientChannel = {
      ...SILENT,
      capabilities: caller.capabilities,
      request: acceptsRequests(caller.capabilities) ? questions.ask : undefined,
      notify: (method, params) =>
        deliverNotification(hear, server, { method, params }, () =>
          send({ jsonrpc: '2.0', method, params: notificationParams(method, params, { route, server }) }),
        ),
    };
    const heard: InboundMessage = {
      ...arrival,
      correlationId: randomUUID(),
      signal: abort.signal,
      route: { ...route, server },
    };
    const call = toCall(pipe, { method: 'stream/listen', params: {} }, heard, true);
    void runCall(pipe, {
      call,
      arrival: heard,
      relay,
      held: (holder) => {
        under.holder = holder;
      },
    });
  }
}
