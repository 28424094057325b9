/** Gives a permitted call to its item: where the gateway has servers, an embedded server has functions. */
import {
  BoundedMap,
  GuardError,
  methodRow,
  spendPermit,
  type ClientChannel,
  type Guard,
  type McpResult,
  type Permit,
  type Permitted,
  type SendUpstream,
} from '@sallyport/guard';
import type { Http } from '../http/index.ts';
import { isMultiRoundTrip } from '../mcp/results.ts';
import type { RequestStates } from '../request-state.ts';
import { createAskClient } from './ask-client.ts';
import type { AnyItem, ItemCatalog } from './catalog.ts';
import type { HandlerDeps } from './handler-call.ts';
import type { HandlerRun } from './handler-run.ts';
import { completeArgument, getPrompt, readResource } from './read-and-get.ts';
import { runTool } from './run-tool.ts';
import { createResourceSubscriptions, type ResourceSubscriptions } from './subscriptions.ts';
import { createWaitingRuns, type WaitingRuns } from './waiting-runs.ts';

/** What a server sends with. */
export interface SendDeps {
  readonly server: string;
  readonly catalog: ItemCatalog;
  readonly states: RequestStates;
  /** How long a handler may run, in milliseconds. */
  readonly timeoutMs: number;
  readonly guard: () => Guard;
  /** Where handlers send requests. */
  readonly http: Http | undefined;
}

/** The handlers of a server. */
export interface ServerSend {
  readonly send: SendUpstream;
  readonly subscriptions: Pick<ResourceSubscriptions, 'updated'>;
  close(): void;
}

interface SendState extends SendDeps {
  readonly handlers: HandlerDeps;
  readonly waiting: WaitingRuns;
  readonly subscriptions: ResourceSubscriptions;
  /** What legacy clients asked for, by principal. */
  readonly logLevels: BoundedMap<string, string>;
}

const LOG_LEVELS_MAX = 10_000;
const LOG_LEVEL = 'info';

/** Nothing runs at first. */
export function createServerSend(deps: SendDeps): ServerSend {
  const logLevels = new BoundedMap<string, string>(LOG_LEVELS_MAX);
  const subscriptions = createResourceSubscriptions();
  const waiting = createWaitingRuns(deps.states);
  const logLevelOf = (run: HandlerRun): string => logLevels.get(run.permitted.principal.key) ?? LOG_LEVEL;
  const { server, http, guard } = deps;
  const handlers: HandlerDeps = { askClient: createAskClient(guard), logLevelOf, server, http };
  const state: SendState = { ...deps, handlers, waiting, subscriptions, logLevels };
  return {
    send: (permit, channel) => sendByMethod(state, permit, channel),
    subscriptions,
    close: () => waiting.close(),
  };
}

async function sendByMethod(state: SendState, permit: Permit, channel: ClientChannel): Promise<McpResult> {
  const { subscriptions } = state;
  const permitted = spendPermit(permit);
  const { method } = permitted.call;
  const kind = methodRow(method)?.lists;
  if (kind !== undefined) return { value: {}, items: state.catalog.list(kind) };
  if (method === 'subscriptions/listen' || method === 'stream/listen') return subscriptions.listen(permitted, channel);
  if (method === 'resources/subscribe' || method === 'resources/unsubscribe')
    return subscriptions.change(permitted, method === 'resources/subscribe');
  if (method === 'logging/setLevel') return setLogLevel(state, permitted);
  if (method === 'notifications/roots/list_changed') return { value: {} };
  const item = permitted.definition && state.catalog.itemOf(permitted.definition);
  if (item === undefined) throw new GuardError('not_found');
  if (method === 'completion/complete') return completeArgument('complete' in item ? item.complete : {}, permitted);
  if (!isMultiRoundTrip(method)) throw new GuardError('method_not_found');
  return (
    state.waiting.resume(permitted, channel) ??
    state.waiting.start(permitted, channel, state.timeoutMs, (run) => handle(state.handlers, item, run))
  );
}

const handle = (deps: HandlerDeps, item: AnyItem, run: HandlerRun): Promise<McpResult> => {
  switch (item.kind) {
    case 'tool':
      return runTool(deps, item, run);
    case 'prompt':
      return getPrompt(deps, item, run);
    case 'resource':
    case 'resource_template':
      return readResource(deps, item, run);
  }
};

function setLogLevel({ logLevels }: SendState, { call, principal }: Permitted): McpResult {
  logLevels.set(principal.key, String(call.params['level']));
  return { value: {} };
}
