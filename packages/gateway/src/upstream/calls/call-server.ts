/** One call to one server, in the four combinations of old and new on either side. */
import { GuardError, isObject, type ClientChannel, type JsonObject, type McpResult } from '@sallyport/guard';
import { requireServed } from '../pins/verify.ts';
import { ownerOf, type ActiveCall, type UpstreamSession } from '../sessions/session.ts';
import { remoteErrorOf } from '../transports/failure.ts';
import { gatewayRequest, type ServerResult, type OnRequest } from '../transports/transport.ts';
import { askDirectly } from '../client-requests/ask-client.ts';
import { onSession, resultOf, type CallDeps, type Run } from '../calls/run.ts';
import { parkedNotifications, resumeParked, startParkable } from './parked.ts';
import { forLegacyClient, forModernClient } from './modern-server.ts';
import { upstreamParams } from './params.ts';
import { requireResultType } from './result-type.ts';
import { inputResponses, MULTI_ROUND, openState } from './request-state.ts';
import { noteTask, openTask, sealResult } from './tasks.ts';
import { asInputRequired } from './url-elicitation.ts';
import { RPC_ERROR } from '../../mcp/error-codes.ts';

interface Hooks {
  readonly signal: AbortSignal;
  readonly extra: JsonObject;
  relay(): ClientChannel | undefined;
  readonly onRequest: OnRequest;
}

export async function callServer(bridge: CallDeps, run: Run): Promise<McpResult> {
  const { permitted, relay } = run;
  const state =
    relay.era === 'modern' && MULTI_ROUND.has(permitted.call.method) ? openState(bridge, permitted) : undefined;
  if (state?.kind === 'held') return resumeParked(bridge, run, state.id, state.round);
  const extra: Record<string, JsonObject | string> = {};
  if (state?.kind === 'wrapped') {
    const responses = inputResponses(permitted, state.keys);
    if (state.keys.length > 0) extra['inputResponses'] = responses;
    if (state.state !== null) extra['requestState'] = state.state;
  }
  try {
    return await onSession(bridge, run, (seat) => callOn(bridge, run, seat, extra));
  } catch (thrown) {
    return asInputRequired(bridge, run, forClient(run, thrown));
  }
}

/** -32002 and -32042 are no codes of 2026-07-28: a missing resource is -32602 there, and who wants a URL opened asks for it. */
function forClient(run: Run, thrown: unknown): unknown {
  const code = remoteErrorOf(thrown)?.code;
  if (run.relay.era !== 'modern' || !(thrown instanceof GuardError)) return thrown;
  if (code === RPC_ERROR.urlElicitationRequired)
    return new GuardError('upstream_failed', { cause: thrown.detail.cause });
  return code === RPC_ERROR.resourceNotFound
    ? new GuardError('upstream_failed', {
        ...thrown.detail,
        rpc: { ...thrown.detail.rpc, code: RPC_ERROR.invalidParams },
      })
    : thrown;
}

async function callOn(bridge: CallDeps, run: Run, seat: UpstreamSession, extra: JsonObject): Promise<McpResult> {
  const { permitted, relay } = run;
  const { call, definition } = permitted;
  const looking = definition && requireServed(bridge.verifier, seat, definition);
  if (looking !== undefined) await looking;
  if (seat.connection.era === 'legacy') await wantLevel(bridge, run, seat);
  const hooks: Hooks = {
    signal: call.signal,
    extra,
    relay: () => relay,
    onRequest: (method, params, withdrawn) => askDirectly(bridge.clientRequest, run, { method, params }, withdrawn),
  };
  if (seat.connection.era === 'legacy' && relay.era === 'modern' && MULTI_ROUND.has(call.method)) {
    return startParkable(bridge, run, seat, (held, on, { signal, relay: current, onRequest }) =>
      request(bridge, held, on, { signal, relay: current, onRequest, extra }),
    );
  }
  const answer = await request(bridge, run, seat, hooks);
  if (seat.connection.era === 'legacy') {
    requireResultType(run, 'legacy', answer.value);
    return resultOf(answer, sealResult(run.seal, call.method, answer.value));
  }
  if (relay.era === 'modern') return forModernClient(bridge, run, answer);
  return forLegacyClient(bridge, run, answer, (more) =>
    request(bridge, run, seat, { ...hooks, extra: { ...extra, ...more } }),
  );
}

/** The one place where a call leaves for a server. */
async function request(bridge: CallDeps, run: Run, seat: UpstreamSession, hooks: Hooks): Promise<ServerResult> {
  const { permitted, relay, settings, capabilities } = run;
  const { call, definition } = permitted;
  const task = call.target.kind === 'task' ? { taskId: openTask(run.seal, call.params['taskId']) } : {};
  const logLevel = relay.logLevel ?? bridge.levels.get(ownerOf(permitted));
  const params = upstreamParams({
    permitted,
    link: seat.connection,
    capabilities,
    logLevel,
    extra: { ...hooks.extra, ...task },
  });
  const active: ActiveCall = {
    onNotification: parkedNotifications(run, hooks.relay),
    onRequest: hooks.onRequest,
  };
  seat.activeCalls.push(active);
  try {
    const answer = await seat.connection.request({
      method: call.method,
      params,
      rawArguments: params['arguments'] === undefined ? undefined : call.rawArguments,
      definition,
      wantsProgress: relay.progressToken !== undefined,
      signal: hooks.signal,
      timeoutMs: settings.timeoutMs,
      // A held call outlives the request that started it; every retry brings a deadline of its own.
      deadlineMs: hooks.signal === call.signal ? call.deadlineMs : undefined,
      bytesMax: settings.resultBytesMax,
      onNotification: active.onNotification,
      onRequest: hooks.onRequest,
    });
    noteTask(seat, answer.value);
    return answer;
  } finally {
    seat.activeCalls.splice(seat.activeCalls.indexOf(active), 1);
  }
}

/** A modern client names its level with each call; a legacy server keeps one for the session. */
async function wantLevel(bridge: CallDeps, { relay, settings }: Run, seat: UpstreamSession): Promise<void> {
  const level = relay.era === 'modern' ? relay.logLevel : undefined;
  if (level === undefined || level === seat.logLevel || !isObject(seat.connection.profile.capabilities['logging']))
    return;
  seat.logLevel = level;
  await seat.connection
    .request(gatewayRequest('logging/setLevel', { level }, settings.timeoutMs, 64 * 1024))
    .catch(() => bridge.log('debug', 'a server did not take a log level', { server: settings.name }));
}
