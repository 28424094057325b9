/** POST: one JSON-RPC message. Its era is told from the message itself, and everything it needs is read from it. */
import type { IncomingMessage } from 'node:http';
import { asGuardError, GuardError, holderOf, spendPermit, type JsonObject, type McpResult, type Outcome, type Permit, type Relay } from '@sallyport/guard';
import { parseStrict } from '@sallyport/guard/json';
import { endOf, errorEnd, type Asked, type Ended } from '../answer.ts';
import { readEnvelope, type Message } from '../envelope.ts';
import type { Caller } from '../eras/caller.ts';
import { isModern, readModern } from '../eras/modern.ts';
import { callOf, progressTokenOf, runCall, type Arrival } from '../exchange.ts';
import { initializeResult, negotiate } from '../local.ts';
import { callKey, openStream, type Live } from '../sessions/live.ts';
import { sealSession } from '../sessions/seal.ts';
import { readBody } from './body.ts';
import { plain, reject, type Door, type Visit } from './edge.ts';
import { readLegacy } from './legacy.ts';
import { createQuestions } from './questions.ts';
import { createReply, type Reply } from './reply.ts';
import { challenge } from './metadata.ts';
import { valuesOf } from './same-site.ts';

type Request = Extract<Message, { kind: 'request' }>;

export async function handlePost(door: Door, visit: Visit): Promise<void> {
  const { maxBodyBytes, maxDepth, maxKeys } = door.settings();
  const body = await readBody(visit.request, maxBodyBytes);
  const parsed = parseStrict(body, { maxBytes: maxBodyBytes, maxDepth, maxKeys });
  const message = readEnvelope(parsed);
  try {
    const modern = isModern(message, visit.request.headers);
    const caller = modern ? readModern(message as Request, visit.request.headers) : await readLegacy(door, visit.request);
    const span = parsed.span('params', 'arguments');
    const abort = new AbortController();
    const arrival = arrivalOf(door, visit, { caller, abort, rawArguments: span && body.subarray(...span) });
    if (message.kind === 'request') await handleRequest(door, visit, { message, arrival, abort });
    else await handleOther(door, visit, { message, arrival });
  } catch (thrown) {
    const error = asGuardError(thrown);
    if (message.kind !== 'request' || visit.response.headersSent) throw error;
    refuse(door, visit, { error, message });
  }
}

interface Brought {
  readonly caller: Caller;
  readonly abort: AbortController;
  readonly rawArguments: Uint8Array | undefined;
}

export function arrivalOf(door: Door, { request, route, address, correlationId }: Visit, { caller, abort, rawArguments }: Brought): Arrival {
  return {
    route, caller, credentials: door.readAuthorization(valuesOf(request, 'authorization')), transport: 'http', address, correlationId,
    headers: request.headers, rawArguments, signal: abort.signal,
  };
}

interface Under {
  readonly message: Request;
  readonly arrival: Arrival;
  readonly abort: AbortController;
}

async function handleRequest(door: Door, visit: Visit, { message, arrival, abort }: Under): Promise<void> {
  const { caller, route } = arrival;
  const call = callOf(door, message, arrival);
  const live = caller.session && door.live.of(caller.session.id);
  const headers = { ...visit.headers };
  const reply = createReply({
    response: visit.response, headers, mayStream: accepts(visit.request), stream: live && (() => openStream(live)), primes: caller.protocolVersion === '2025-11-25',
  });
  const asked: Asked = { ...message, era: caller.era, route };
  const questions = createQuestions(live, reply);
  const relay = relayOf(caller, message, { reply, ask: live && questions.ask });
  const leave = whenGone(visit, caller, abort);
  live?.calls.set(callKey(message.id), abort);
  const ending = message.method === 'subscriptions/listen' ? listenLocally(door, { visit, arrival, message }, { reply, abort }) : undefined;
  const outcome = await runCall(door, { call, arrival, relay: ending?.relay ?? relay }, message.method === 'initialize' ? (_deps, permit) => greet(door, permit, { message, arrival, headers }) : undefined);
  ending?.end();
  leave();
  questions.end();
  if (live?.calls.get(callKey(message.id)) === abort) live.calls.delete(callKey(message.id));
  finish(door, visit, { outcome, asked, reply });
}

const accepts = (request: IncomingMessage): boolean => /text\/event-stream|\*\/\*/.test(request.headers.accept ?? '*/*');

/** A modern client cancels by going away; a legacy one may come back for the answer. */
function whenGone({ response }: Visit, caller: Caller, abort: AbortController): () => void {
  if (caller.era === 'legacy') return () => {};
  const gone = (): void => { if (!response.writableFinished) abort.abort(); };
  response.once('close', gone);
  return () => response.off('close', gone);
}

interface Way {
  readonly reply: Reply;
  readonly ask: Relay['ask'];
}

function relayOf(caller: Caller, { params }: Request, { reply, ask }: Way): Relay {
  return {
    era: caller.era, capabilities: caller.capabilities, logLevel: caller.logLevel, progressToken: progressTokenOf(params),
    notify: (method, notification) => reply.send({ jsonrpc: '2.0', method, params: notification }),
    ask: caller.era === 'legacy' ? ask : undefined,
  };
}

interface Greeting {
  readonly message: Request;
  readonly arrival: Arrival;
  readonly headers: Record<string, string>;
}

/** `initialize`: a session, sealed for whoever was authenticated. */
function greet(door: Door, permit: Permit, { message, arrival, headers }: Greeting): McpResult {
  const { principal, tenant } = spendPermit(permit);
  const { params } = message;
  const object = (value: unknown): JsonObject | undefined => (typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as JsonObject) : undefined);
  const protocolVersion = negotiate(params['protocolVersion']);
  headers['Mcp-Session-Id'] = sealSession(door.sealer, {
    principal, tenant, protocolVersion, capabilities: object(params['capabilities']) ?? {}, clientInfo: object(params['clientInfo']),
    expiresAt: door.clock.now() + door.settings().sessionLifetimeMs,
  });
  return { value: initializeResult(door.view, arrival.route, protocolVersion) };
}

const SUBSCRIPTION = 'io.modelcontextprotocol/subscriptionId';
const WISHES: Readonly<Record<string, string>> = {
  'notifications/tools/list_changed': 'toolsListChanged', 'notifications/prompts/list_changed': 'promptsListChanged', 'notifications/resources/list_changed': 'resourcesListChanged',
};

/** `subscriptions/listen`: every message carries the id of the request, in its own type; only what was asked for is sent. */
function listenLocally(door: Door, { arrival, message }: { visit: Visit; arrival: Arrival; message: Request }, { reply, abort }: { reply: Reply; abort: AbortController }): { relay: Relay; end(): void } {
  const wanted = (message.params['notifications'] ?? {}) as JsonObject;
  const stop = (): void => abort.abort();
  door.closing.addEventListener('abort', stop, { once: true });
  const relay: Relay = {
    era: 'modern', capabilities: arrival.caller.capabilities, logLevel: undefined, progressToken: undefined, ask: undefined,
    notify(method, params) {
      const wish = WISHES[method];
      if (wish !== undefined && wanted[wish] !== true) return;
      const meta = params['_meta'] as JsonObject | undefined;
      reply.send({ jsonrpc: '2.0', method, params: { ...params, _meta: { ...meta, [SUBSCRIPTION]: message.id } } });
    },
  };
  return { relay, end: () => door.closing.removeEventListener('abort', stop) };
}

interface Finished {
  readonly outcome: Outcome;
  readonly asked: Asked;
  readonly reply: Reply;
}

function finish(door: Door, visit: Visit, { outcome, asked, reply }: Finished): void {
  const ended = endOf(outcome, asked);
  logFailure(door, outcome);
  reply.finish(outcome.status === 'success' ? ended : withChallenge(door, visit, { ended, error: outcome.error }));
  door.called(outcome);
  door.report({ method: asked.method, endpoint: visit.route.endpoint, status: reply.status, tenant: outcome.tenant?.id, ms: performance.now() - visit.startedAt });
}

/** The cause goes to the log and nowhere else. */
export function logFailure(door: Pick<Door, 'log'>, outcome: Outcome): void {
  if (outcome.status === 'success') return;
  const { error } = outcome;
  const level = error.code === 'internal' || error.code === 'result_withheld' || error.code === 'audit_unavailable' ? 'error' : 'info';
  door.log(level, 'a call was not answered', { correlation_id: outcome.correlationId, method: outcome.method, error_code: error.row.errorCode, cause: error.cause instanceof Error ? error.cause.message : '' });
}

export function withChallenge(door: Door, { route }: Visit, { ended, error }: { readonly ended: Ended; readonly error: GuardError }): Ended {
  if (error.code !== 'unauthenticated' && error.code !== 'insufficient_scope') return ended;
  const fault = error.detail.data?.['error'];
  const scope = error.detail.data?.['scope'];
  return {
    ...ended, headers: {
      ...ended.headers, 'WWW-Authenticate': challenge({
        publicUrl: door.settings().publicUrl, endpoint: route.endpoint, scope: typeof scope === 'string' ? scope : door.scopes().join(' '), error: typeof fault === 'string' ? fault : undefined,
      }),
    },
  };
}

/** Refused by the edge, but with an id to answer. */
function refuse(door: Door, visit: Visit, { error, message }: { readonly error: GuardError; readonly message: Request }): void {
  const era = isModern(message, visit.request.headers) ? 'modern' : 'legacy';
  const ended = errorEnd(error, message.id, visit.correlationId, { ...message, era, route: visit.route });
  door.rejected(error.code, visit.correlationId, visit.address);
  door.report({ method: message.method, endpoint: visit.route.endpoint, status: ended.status, tenant: undefined, ms: performance.now() - visit.startedAt });
  visit.response.writeHead(ended.status, { ...visit.headers, 'Content-Type': 'application/json', 'Content-Length': ended.bytes.length }).end(ended.bytes);
}

interface Other {
  readonly message: Exclude<Message, { kind: 'request' }>;
  readonly arrival: Arrival;
}

/** Notifications, and answers of a client to what a server asked it: accepted with 202 once the guard knows the sender. */
async function handleOther(door: Door, visit: Visit, { message, arrival }: Other): Promise<void> {
  const session = arrival.caller.session;
  const internal = message.kind === 'response';
  const call = callOf(door, internal ? { method: 'session/answer', params: {} } : message, arrival, internal);
  const relay = { era: arrival.caller.era, capabilities: {}, logLevel: undefined, progressToken: undefined, notify: () => {}, ask: undefined } satisfies Relay;
  const outcome = await runCall(door, { call, arrival, relay }, (_deps, permit) => {
    holderOf(permit);
    spendPermit(permit);
    // Only this session's own: the guard has just compared the session with the caller.
    const live = session && door.live.find(session.id);
    if (live !== undefined) settle(live, message);
    return { value: {} };
  });
  if (outcome.status === 'success') return plain(visit.response, 202, visit.headers);
  const ended = withChallenge(door, visit, { ended: errorEnd(outcome.error, null, visit.correlationId), error: outcome.error });
  visit.response.writeHead(ended.status, { ...visit.headers, ...ended.headers, 'Content-Type': 'application/json', 'Content-Length': ended.bytes.length }).end(ended.bytes);
  door.report({ method: message.kind === 'response' ? 'other' : message.method, endpoint: visit.route.endpoint, status: ended.status, tenant: outcome.tenant?.id, ms: performance.now() - visit.startedAt });
}

function settle(live: Live, message: Other['message']): void {
  if (message.kind === 'notification') {
    const id = message.params['requestId'];
    if (message.method === 'notifications/cancelled' && (typeof id === 'string' || typeof id === 'number')) live.calls.get(callKey(id))?.abort();
    return;
  }
  const question = live.questions.get(String(message.id));
  if (question === undefined) return;
  live.questions.delete(String(message.id));
  if (message.result !== undefined) question.resolve(message.result);
  else question.reject(new GuardError('upstream_failed', { message: 'The client refused the request of the server.', rpc: { code: clientCode(message.error) } }));
}

const clientCode = (error: JsonObject | undefined): number => (typeof error?.['code'] === 'number' ? error['code'] : -32603);

export { reject };
