/** Permit → upstream: what the permit allows, and nothing else, is sent to the server that it names. */
import {
  GuardError,
  isObject,
  methodRow,
  spendPermit,
  type ClientChannel,
  type JsonObject,
  type McpResult,
  type Permit,
  type Permitted,
} from '@sallyport/guard';
import { ownerOf } from '../sessions/session.ts';
import { remoteErrorOf, reasonOf } from '../transports/failure.ts';
import { gatewayRequest } from '../transports/transport.ts';
import { runOf, type CallDeps, type Run } from '../calls/run.ts';
import { callServer } from '../calls/call-server.ts';
import { listDefinitions, listTasks } from './lists.ts';
import { subscribe as openSubscription } from '../notifications/subscribe.ts';
import type { UpstreamSubscriptions } from '../notifications/upstream-subscriptions.ts';
import { isLogLevel } from '../../mcp/log-levels.ts';

/** @throws GuardError `not_found` for a target that names no server, `method_not_found` for what is not sent to servers. */
export async function send(
  bridge: CallDeps,
  watches: UpstreamSubscriptions,
  permit: Permit,
  relay: ClientChannel,
): Promise<McpResult> {
  const permitted = spendPermit(permit);
  const runs = runsOf(bridge, permitted, relay);
  try {
    return await dispatch(bridge, watches, runs, permitted.call.method);
  } catch (thrown) {
    noteFailure(bridge, runs, thrown);
    throw thrown;
  }
}

function runsOf(bridge: CallDeps, permitted: Permitted, relay: ClientChannel): readonly Run[] {
  const { target } = permitted.call;
  const names = target.kind === 'servers' ? target.servers : 'server' in target ? [target.server] : [];
  const settings = bridge.servers();
  const runs = names.flatMap((name) => {
    const found = settings.find((one) => one.name === name);
    return found === undefined ? [] : [runOf(bridge.sealer, permitted, relay, found)];
  });
  if (runs.length === 0 && names.length > 0) throw new GuardError('not_found');
  return runs;
}

function dispatch(
  bridge: CallDeps,
  watches: UpstreamSubscriptions,
  runs: readonly Run[],
  method: string,
): Promise<McpResult> {
  const lists = methodRow(method)?.lists;
  if (lists !== undefined) return listDefinitions(bridge, runs, lists);
  switch (method) {
    case 'tasks/list':
      return listTasks(bridge, runs);
    case 'logging/setLevel':
      return setLevel(bridge, runs);
    case 'stream/listen':
    case 'subscriptions/listen':
      return openSubscription(bridge, watches, runs);
    case 'notifications/roots/list_changed':
      return tellRoots(bridge, runs);
  }
  const [run] = runs;
  if (run === undefined) return Promise.reject(new GuardError('not_found'));
  switch (method) {
    case 'tools/call':
    case 'prompts/get':
    case 'resources/read':
    case 'completion/complete':
    case 'tasks/get':
    case 'tasks/result':
    case 'tasks/update':
    case 'tasks/cancel':
      return callServer(bridge, run);
    case 'resources/subscribe':
    case 'resources/unsubscribe':
      return subscribe(bridge, watches, run);
    default:
      return Promise.reject(new GuardError('method_not_found'));
  }
}

/** A legacy server is asked itself, so that its refusal reaches the caller; a modern one is listened to. */
async function subscribe(bridge: CallDeps, watches: UpstreamSubscriptions, run: Run): Promise<McpResult> {
  const { call } = run.permitted;
  const owner = ownerOf(run.permitted);
  const { name: server } = run.settings;
  const uri = String(call.params['uri']);
  const modern = (): boolean =>
    bridge.links.sessionsOf(server, owner).some(({ connection: link }) => link.era === 'modern');
  const result: McpResult = modern()
    ? { value: {} }
    : await callServer(bridge, run).catch((thrown: unknown) => {
        // A modern server that was met for the first time does not know the method: it is listened to instead.
        if (modern() && remoteErrorOf(thrown) !== undefined) return { value: {} };
        throw thrown;
      });
  if (call.method === 'resources/subscribe') watches.subscribe(server, owner, uri);
  else watches.unsubscribe(server, owner, uri);
  const subscribed = bridge.links
    .sessionsOf(server, owner)
    .find(({ connection: link }) => link.era === 'legacy')?.subscribedUris;
  if (call.method === 'resources/subscribe') subscribed?.add(uri);
  else subscribed?.delete(uri);
  if (modern()) watches.refresh(bridge, server, owner);
  return result;
}

/** Remembered for the session; servers without logging, and those that are not connected yet, need not agree now. */
async function setLevel(bridge: CallDeps, runs: readonly Run[]): Promise<McpResult> {
  for (const { permitted, settings } of runs) {
    const level = permitted.call.params['level'];
    // What is remembered goes out with every later call of the session, and a modern server would refuse them all.
    if (!isLogLevel(level))
      throw new GuardError('invalid_params', { message: 'params.level is not a log level of MCP.' });
    bridge.levels.set(ownerOf(permitted), level);
    for (const { connection: link } of bridge.links.sessionsOf(settings.name, ownerOf(permitted))) {
      if (link.era !== 'legacy' || !isObject(link.profile.capabilities['logging'])) continue;
      const params: JsonObject = { level };
      await link
        .request(gatewayRequest('logging/setLevel', params, settings.timeoutMs, 64 * 1024))
        .catch((thrown: unknown) => {
          if (runs.length === 1) throw thrown;
        });
    }
  }
  return { value: {} };
}

/** To the servers that this session is connected to and that may see its roots; they ask for the list themselves. */
async function tellRoots(bridge: CallDeps, runs: readonly Run[]): Promise<McpResult> {
  for (const { permitted, settings, capabilities } of runs) {
    const roots = capabilities['roots'];
    if (!isObject(roots) || roots['listChanged'] !== true) continue;
    const legacy = bridge.links
      .sessionsOf(settings.name, ownerOf(permitted))
      .filter(({ connection: link }) => link.era === 'legacy');
    await Promise.all(
      legacy.map(({ connection: link }) =>
        link
          .notify(permitted.call.method, {})
          .catch(() => bridge.log('debug', 'a server was not told of changed roots', { server: settings.name })),
      ),
    );
  }
  return { value: {} };
}

function noteFailure(bridge: CallDeps, runs: readonly Run[], thrown: unknown): void {
  const code = thrown instanceof GuardError ? thrown.code : 'internal';
  const [run] = runs;
  const server = run?.settings.name ?? '';
  if (code === 'upstream_failed' || code === 'upstream_timeout' || code === 'internal') {
    bridge.log('warn', 'a call to a server failed', {
      correlation_id: run?.permitted.call.origin.correlationId,
      server,
      code,
      why: reasonOf(thrown),
    });
    bridge.report({ kind: 'upstream_error', server, code });
  }
}
