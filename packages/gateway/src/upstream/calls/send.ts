/**
 * Permit → upstream: what the permit allows, and nothing else, is sent to the server that it names. A call to one
 * server is four steps: acquire a session, verify the definition against its pin, send, answer.
 */
import {
  GuardError,
  type BoundedMap,
  isMethod,
  METHODS,
  spendPermit,
  type ClientChannel,
  type JsonObject,
  type McpResult,
  type Permit,
  type Permitted,
  type Target,
} from '@sallyport/guard';
import { isMultiRoundTrip } from '@sallyport/server/mcp/results';
import type { UpstreamDeps } from '../deps.ts';
import type { LogLevels } from '../notifications/log-levels.ts';
import { sendRootsChanged } from '../notifications/roots-changed.ts';
import { setLogLevel } from '../notifications/set-log-level.ts';
import { subscribe, type SubscribeDeps } from '../notifications/subscriptions/subscribe.ts';
import { requireServed, type Verifier } from '../pins/verify.ts';
import { listTasks } from '../tasks/list-tasks.ts';
import { reasonOf, withoutServerWords } from '../transports/failure.ts';
import { acquireSession, prepareRetry, type Sent } from './acquire-session.ts';
import type { CallShares } from './call-shares.ts';
import { COMBINATIONS, type CombinationDeps } from './combinations.ts';
import { inputResponsesOf, type RequestState } from '@sallyport/server/request-state';
import { urlElicitations } from './input-required/url-elicitation.ts';
import { listDefinitions } from './list-definitions.ts';
import { modernClientError } from './modern-client-error.ts';
import { createServerCall, type ServerCall } from './server-call.ts';
import { serverError } from './server-error.ts';

/** What sending a call uses. */
export interface SendDeps
  extends SubscribeDeps, CombinationDeps, Pick<UpstreamDeps, 'servers' | 'sealer' | 'clock' | 'report'> {
  readonly verifier: Verifier;
  readonly logLevels: LogLevels;
  readonly callShares: CallShares;
  /** Of `TaskSeal`. */
  readonly givenTaskIds: BoundedMap<string, string>;
}

/**
 * @throws GuardError `not_found` for a target that names no server, `method_not_found` for what is not sent to servers.
 */
export async function send(deps: SendDeps, permit: Permit, channel: ClientChannel): Promise<McpResult> {
  const permitted = spendPermit(permit);
  const calls = serverCallsOf(deps, permitted, channel);
  const { method } = permitted.call;
  // What listens has no end of its own; its streams are counted by the edge.
  const release = deps.callShares.hold(LISTENING.has(method) ? [] : calls);
  try {
    return await sendByMethod(deps, calls, method);
  } catch (thrown) {
    reportFailure(deps, permitted, calls, thrown);
    throw serverError(thrown, calls.length === 1 ? calls[0] : undefined);
  } finally {
    release();
  }
}

const LISTENING: ReadonlySet<string> = new Set(['stream/listen', 'subscriptions/listen']);

function serverCallsOf(
  { servers, sealer, clock, givenTaskIds, logLevels }: SendDeps,
  permitted: Permitted,
  channel: ClientChannel,
): readonly ServerCall[] {
  const names = serverNamesOf(permitted.call.target);
  const configured = servers();
  const naming = { sealer, clock, given: givenTaskIds };
  const calls = names.flatMap((name) => {
    const settings = configured.find((server) => server.name === name);
    return settings === undefined ? [] : [createServerCall(permitted, channel, settings, naming, logLevels)];
  });
  if (calls.length === 0 && names.length > 0) throw new GuardError('not_found');
  return calls;
}

function serverNamesOf(target: Target): readonly string[] {
  if (target.kind === 'servers') return target.servers;
  return 'server' in target ? [target.server] : [];
}

function sendByMethod(deps: SendDeps, calls: readonly ServerCall[], method: string): Promise<McpResult> {
  if (!isMethod(method)) return Promise.reject(new GuardError('method_not_found'));
  switch (method) {
    case 'tools/call':
    case 'prompts/get':
    case 'resources/read':
    case 'completion/complete':
    case 'tasks/get':
    case 'tasks/result':
    case 'tasks/update':
    case 'tasks/cancel':
      return callServer(deps, only(calls));
    case 'tools/list':
    case 'prompts/list':
    case 'resources/list':
    case 'resources/templates/list':
      return listDefinitions(deps.pool, deps.verifier, deps.log, calls, METHODS[method].lists);
    case 'tasks/list':
      return listTasks(deps.pool, deps.log, calls);
    case 'stream/listen':
    case 'subscriptions/listen':
      return subscribe(deps, calls);
    case 'resources/subscribe':
    case 'resources/unsubscribe':
      return changeResourceSubscription(deps, only(calls), method);
    case 'logging/setLevel':
      return setLogLevel(deps.pool, deps.logLevels, calls);
    case 'notifications/roots/list_changed':
      return sendRootsChanged(deps.pool, deps.log, calls);
    case 'initialize':
    case 'server/discover':
    case 'ping':
    case 'notifications/initialized':
    case 'notifications/cancelled':
    case 'notifications/progress':
    case 'sampling/createMessage':
    case 'elicitation/create':
    case 'roots/list':
    case 'stream/check':
    case 'subscriptions/resource':
    case 'subscriptions/task':
    case 'session/end':
    case 'session/answer':
      return Promise.reject(new GuardError('method_not_found'));
    default:
      return method satisfies never;
  }
}

/** @throws GuardError `not_found` when the target names no server. */
function only([call]: readonly ServerCall[]): ServerCall {
  if (call === undefined) throw new GuardError('not_found');
  return call;
}

async function callServer(deps: SendDeps, call: ServerCall): Promise<McpResult> {
  const { permitted, channel } = call;
  const mayBeRetry = channel.era === 'modern' && isMultiRoundTrip(permitted.call.method);
  const state = mayBeRetry ? deps.requestStates.open(permitted) : undefined;
  if (state?.kind === 'parked') return deps.parkedCalls.resume(call, state.id, state.round);
  const extraMembers = extraMembersOf(permitted, state);
  try {
    return await callOverSession(deps, call, extraMembers);
  } catch (thrown) {
    if (channel.era === 'legacy') throw thrown;
    const elicitations = await urlElicitations(deps.runClientRequest, deps.requestStates, call, thrown);
    if (elicitations === undefined) throw modernClientError(thrown);
    return elicitations;
  }
}

/** The params that a retry adds for a modern server. @throws GuardError `invalid_params` for malformed responses. */
function extraMembersOf(permitted: Permitted, state: RequestState | undefined): JsonObject {
  if (state?.kind !== 'server') return {};
  const inputResponses = inputResponsesOf(permitted, state.keys);
  return {
    ...(state.keys.length > 0 && { inputResponses }),
    ...(state.state !== null && { requestState: state.state }),
  };
}

/** Acquires a session, verifies, sends and answers; once more when the session was unusable before the call left. */
async function callOverSession(deps: SendDeps, call: ServerCall, extraMembers: JsonObject): Promise<McpResult> {
  const { permitted, channel } = call;
  const { definition } = permitted;
  for (let attempt = 0; ; attempt++) {
    const acquired = acquireSession(deps.pool, call);
    const session = acquired instanceof Promise ? await acquired.catch(throwWithoutServerWords) : acquired;
    let sent: Sent = 'lists';
    try {
      const verification = definition && requireServed(deps.verifier, session, definition);
      if (verification !== undefined) await verification;
      sent = 'call';
      const sendAndAnswer = COMBINATIONS[channel.era][session.connection.era];
      return await sendAndAnswer(deps, call, session, extraMembers);
    } catch (thrown) {
      if (!prepareRetry(deps.pool, session, call, thrown, attempt, sent))
        throw sent === 'lists' ? withoutServerWords(thrown) : thrown;
    } finally {
      deps.pool.release(session);
    }
  }
}

/** What a server says while a session opens answers no call (B13). */
function throwWithoutServerWords(thrown: unknown): never {
  throw withoutServerWords(thrown);
}

/**
 * A legacy server gets the request itself, so that its refusal reaches the caller. A modern one gets a stream instead.
 */
async function changeResourceSubscription(
  deps: SendDeps,
  call: ServerCall,
  method: 'resources/subscribe' | 'resources/unsubscribe',
): Promise<McpResult> {
  const { pool, subscriptions } = deps;
  const { permitted, owner, settings } = call;
  const { name: server } = settings;
  const uri = String(permitted.call.params['uri']);
  if (method === 'resources/subscribe' && !subscriptions.hasSpaceFor(server, owner, uri))
    throw new GuardError('rate_limited', { message: 'The session has too many subscriptions to resources.' });
  // The session that carries the calls of this client: of a server with two eras others may have another one.
  const session = await acquireSession(pool, call);
  pool.release(session);
  const isModern = session.connection.era === 'modern';
  const result = isModern ? { value: {} } : await callServer(deps, call);
  const legacySession = pool.sessionsOf(server, owner).find(({ connection }) => connection.era === 'legacy');
  if (method === 'resources/subscribe') {
    subscriptions.add(server, owner, uri);
    legacySession?.subscribedUris.add(uri);
  } else {
    subscriptions.remove(server, owner, uri);
    legacySession?.subscribedUris.delete(uri);
  }
  if (isModern) subscriptions.refresh(server, owner);
  return result;
}

function reportFailure(
  { log, report }: SendDeps,
  { call }: Permitted,
  calls: readonly ServerCall[],
  thrown: unknown,
): void {
  const code = thrown instanceof GuardError ? thrown.code : 'internal';
  if (code !== 'upstream_failed' && code !== 'upstream_timeout' && code !== 'internal') return;
  const server = calls[0]?.settings.name ?? '';
  const { correlationId } = call.origin;
  log('warn', 'a call to a server failed', { correlation_id: correlationId, server, code, why: reasonOf(thrown) });
  report({ kind: 'upstream_error', server, code });
}
