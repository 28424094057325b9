/** The stdio door: one client, one line a message, both eras. Standard output carries the protocol and nothing else. */
import { randomUUID } from 'node:crypto';
import type { Readable, Writable } from 'node:stream';
import { asGuardError, GuardError, spendPermit, type Credentials, type GuardError as Refusal, type JsonObject, type Outcome, type Relay } from '@sallyport/guard';
import { parseStrict } from '@sallyport/guard/json';
import { endOf, errorEnd } from '../answer.ts';
import type { DoorDeps } from '../deps.ts';
import { isObject, readEnvelope, type Message } from '../envelope.ts';
import { prepareListen } from '../listen.ts';
import type { Caller } from '../eras/caller.ts';
import { isModern, readModern } from '../eras/modern.ts';
import { ASSUMED_VERSION } from '../eras/versions.ts';
import { callOf, progressTokenOf, runCall, type Arrival, type Local } from '../exchange.ts';
import { createQuestions } from '../http/questions.ts';
import { initializeResult, negotiate } from '../local.ts';
import { callKey, type Live } from '../sessions/live.ts';
import { splitLines } from './lines.ts';

export interface StdioDeps extends DoorDeps {
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
}

interface Pipe extends StdioDeps {
  readonly live: Live;
  readonly agreed: Agreed;
  write(bytes: Buffer | string): void;
}

export function createStdioEdge(deps: StdioDeps): StdioEdge {
  const live: Live = { calls: new Map(), questions: new Map(), streams: new Map(), usedAt: 0 };
  const pipe: Pipe = {
    ...deps, live, agreed: { protocolVersion: ASSUMED_VERSION, capabilities: {}, clientInfo: undefined },
    write: (bytes) => void deps.output.write(Buffer.concat([Buffer.from(bytes), NEWLINE])),
  };
  const working = new Set<Promise<void>>();
  const ended = splitLines(deps.input, deps.settings().maxBodyBytes, (line) => {
    const work = take(pipe, line).finally(() => working.delete(work));
    working.add(work);
  }).then(async () => {
    for (const call of live.calls.values()) call.abort();
    await Promise.all(working);
  });
  return { ended };
}

const NEWLINE = Buffer.from('\n');

async function take(pipe: Pipe, line: Buffer | undefined): Promise<void> {
  const correlationId = randomUUID();
  let message: Message | undefined;
  try {
    if (line === undefined) throw new GuardError('payload_too_large');
    const { maxBodyBytes, maxDepth, maxKeys } = pipe.settings();
    const parsed = parseStrict(line, { maxBytes: maxBodyBytes, maxDepth, maxKeys });
    message = readEnvelope(parsed);
    const span = parsed.span('params', 'arguments');
    await answer(pipe, message, { correlationId, rawArguments: span && line.subarray(...span) });
  } catch (thrown) {
    const error: Refusal = asGuardError(thrown);
    if (message === undefined || message.kind === 'request') pipe.write(errorEnd(error, message?.kind === 'request' ? message.id : null, correlationId).bytes);
  }
}

function callerOf({ agreed }: Pipe, message: Message): Caller {
  if (message.kind !== 'response' && isModern(message, undefined)) return readModern(message, undefined);
  return { era: 'legacy', ...agreed, logLevel: undefined, session: undefined };
}

async function answer(pipe: Pipe, message: Message, { correlationId, rawArguments }: { readonly correlationId: string; readonly rawArguments: Uint8Array | undefined }): Promise<void> {
  const caller = callerOf(pipe, message);
  const abort = new AbortController();
  const arrival: Arrival = {
    route: { endpoint: pipe.server === undefined ? '/mcp' : `/mcp/${pipe.server}`, server: pipe.server }, caller, credentials: pipe.credentials,
    transport: 'stdio', address: '', correlationId, headers: undefined, rawArguments, signal: abort.signal,
  };
  if (message.kind !== 'request') return accept(pipe, message, arrival);
  const startedAt = performance.now();
  const send = (one: object): void => pipe.write(JSON.stringify(one));
  const questions = createQuestions(pipe.live, { send });
  const key = callKey(message.id);
  pipe.live.calls.set(key, abort);
  const outcome = message.method === 'subscriptions/listen'
    ? await listen(pipe, message, { arrival, send })
    : await runCall(pipe, { call: callOf(pipe, message, arrival), arrival, relay: relayOf(caller, message, { send, ask: questions.ask }) }, message.method === 'initialize' ? greeting(pipe, message) : undefined);
  questions.end();
  if (pipe.live.calls.get(key) === abort) pipe.live.calls.delete(key);
  pipe.called(outcome);
  pipe.report({ method: message.method, endpoint: 'stdio', status: 200, tenant: outcome.tenant?.id, ms: performance.now() - startedAt });
  if (!abort.signal.aborted) pipe.write(endOf(outcome, { ...message, era: caller.era, route: arrival.route }).bytes);
}

type Request = Extract<Message, { kind: 'request' }>;

function relayOf(caller: Caller, { params }: Request, { send, ask }: { send(message: object): void; ask: NonNullable<Relay['ask']> }): Relay {
  return {
    era: caller.era, capabilities: caller.capabilities, logLevel: caller.logLevel, progressToken: progressTokenOf(params),
    notify: (method, notification) => send({ jsonrpc: '2.0', method, params: notification }), ask: caller.era === 'legacy' ? ask : undefined,
  };
}

async function listen(pipe: Pipe, { id, method, params }: Request, { arrival, send }: { readonly arrival: Arrival; send(message: object): void }): Promise<Outcome> {
  const listening = await prepareListen(pipe, arrival, { id, params, send });
  const call = callOf(pipe, { method, params: listening.params }, arrival);
  return runCall(pipe, { call, arrival, relay: listening.relay }, (_deps, permit) => listening.run(() => pipe.send(permit, listening.relay)));
}

const greeting = (pipe: Pipe, { params }: Request): Local => (_deps, permit, { arrival }) => {
  spendPermit(permit);
  agree(pipe, params);
  return { value: initializeResult(pipe.view, arrival.route, pipe.agreed.protocolVersion) };
};

function agree({ agreed }: Pipe, params: JsonObject): void {
  agreed.protocolVersion = negotiate(params['protocolVersion']);
  agreed.capabilities = isObject(params['capabilities']) ? params['capabilities'] : {};
  agreed.clientInfo = isObject(params['clientInfo']) ? params['clientInfo'] : undefined;
}

async function accept(pipe: Pipe, message: Exclude<Message, { kind: 'request' }>, arrival: Arrival): Promise<void> {
  if (message.kind === 'response') {
    const question = pipe.live.questions.get(String(message.id));
    if (message.result !== undefined) question?.resolve(message.result);
    else question?.reject(new GuardError('upstream_failed', { message: 'The client refused the request of the server.' }));
    return;
  }
  const id = message.params['requestId'];
  if (message.method === 'notifications/cancelled' && (typeof id === 'string' || typeof id === 'number')) pipe.live.calls.get(callKey(id))?.abort();
  const relay: Relay = { era: arrival.caller.era, capabilities: {}, logLevel: undefined, progressToken: undefined, notify: () => {}, ask: undefined };
  await runCall(pipe, { call: callOf(pipe, message, arrival), arrival, relay }, (_deps, permit) => {
    spendPermit(permit);
    return { value: {} };
  });
}
