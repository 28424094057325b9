/**
 * `subscriptions/listen`: acknowledged first, then only what was asked for and may be seen; every message carries the id
 * of the request, in its own type, and so does the result that ends it.
 *
 * On `/mcp` each server is listened to by a call of its own, so that a notice is known to come from the server that sent
 * it, and the address of a resource is never heard of from another server than the one that was asked about.
 */
import {
  GuardError,
  isObject,
  type ClientChannel,
  type Json,
  type JsonObject,
  type McpResult,
  type Outcome,
  type Permit,
} from '@sallyport/guard';
import type { EdgeDeps } from './deps.ts';
import { type RequestId } from '../mcp/json-rpc.ts';
import { toCall, runCall, type InboundMessage } from './exchange.ts';
import { notificationParams } from './names/notification-params.ts';
import { inRoute, splitUri } from './names/route.ts';
import { createNotificationGate, type NotificationGate } from './reauthorize.ts';

const SUBSCRIPTION = 'io.modelcontextprotocol/subscriptionId';
/** Notice → the wish that asks for it → the capability that a server needs to have for it. */
const LISTS: ReadonlyMap<string, readonly [wish: string, capability: string]> = new Map([
  ['notifications/tools/list_changed', ['toolsListChanged', 'tools']],
  ['notifications/prompts/list_changed', ['promptsListChanged', 'prompts']],
  ['notifications/resources/list_changed', ['resourcesListChanged', 'resources']],
]);
const URIS_MAX = 200;

export interface SubscriptionRequest {
  readonly id: RequestId;
  readonly params: JsonObject;
  send(message: object): void;
  /** Called once, when the guard has let the first call through. @throws GuardError when the caller listens too much. */
  entered(permit: Permit): void;
}

/** What is agreed on: the filter as the client wrote it, without what cannot be had. */
interface Agreed {
  readonly filter: JsonObject;
  /** Server → resources, in its own names. */
  readonly uris: ReadonlyMap<string, readonly string[]>;
}

/** Runs until the call's signal is aborted. The outcome is that of the first server that was listened to, or of the first refusal. */
export async function runSubscription(
  deps: EdgeDeps,
  arrival: InboundMessage,
  listener: SubscriptionRequest,
): Promise<Outcome> {
  const wanted = listener.params['notifications'] ?? {};
  if (!isObject(wanted)) throw new GuardError('invalid_params', { message: 'params.notifications must be an object.' });
  const agreed = await agree(deps, arrival, wanted);
  const tag = (method: string, params: JsonObject): void =>
    listener.send({ jsonrpc: '2.0', method, params: tagged(params, listener.id) });
  const servers = serversOf(arrival, deps);
  const gate = openGate(servers.length, () =>
    tag('notifications/subscriptions/acknowledged', { notifications: agreed.filter }),
  );
  const { route } = arrival;
  const hear = createNotificationGate(deps, arrival);
  const runs = servers.map((server) =>
    gate.expect((enter) =>
      one(
        deps,
        { ...arrival, route: { ...route, server } },
        {
          params: {
            ...listener.params,
            notifications: {
              ...agreed.filter,
              ...(agreed.uris.size > 0 && { resourceSubscriptions: agreed.uris.get(server ?? '') ?? [] }),
            },
          },
          relay: relayOf(arrival, { agreed, server, tag, hear }),
          enter: async (permit) => {
            gate.first(() => listener.entered(permit));
            await enter();
          },
        },
      ),
    ),
  );
  const outcomes = await Promise.all(runs);
  const outcome = outcomes.find(({ status }) => status === 'success') ?? (outcomes[0] as Outcome);
  return outcome.status === 'success' ? { ...outcome, result: ended(outcome.result, listener.id) } : outcome;
}

/** With no server at all there is still somebody to authenticate and a call to record. */
function serversOf({ route }: InboundMessage, { view }: EdgeDeps): readonly (string | undefined)[] {
  const servers = route.server === undefined ? inRoute(route, view.servers()) : [route.server];
  return servers.length === 0 ? [undefined] : servers;
}

export const tagged = (params: JsonObject, id: RequestId): JsonObject => ({
  ...params,
  _meta: { ...(isObject(params['_meta']) ? params['_meta'] : {}), [SUBSCRIPTION]: id },
});

const ended = ({ value }: McpResult, id: RequestId): McpResult => ({ value: tagged(value, id) });

interface Part {
  readonly params: JsonObject;
  readonly relay: ClientChannel;
  enter(permit: Permit): Promise<void>;
}

function one(deps: EdgeDeps, arrival: InboundMessage, { params, relay, enter }: Part): Promise<Outcome> {
  const call = toCall(deps, { method: 'subscriptions/listen', params }, arrival);
  return runCall(deps, { call, arrival, relay }, async (_deps, permit) => {
    await enter(permit);
    return deps.send(permit, relay);
  });
}

/** Every resource passes the guard by itself: what may not be read is not heard of either. */
async function agree(deps: EdgeDeps, arrival: InboundMessage, wanted: JsonObject): Promise<Agreed> {
  const { resourceSubscriptions: asked, ...others } = wanted;
  const servers = inRoute(arrival.route, deps.view.servers());
  const has = (capability: string): boolean =>
    servers.some((server) => deps.view.profile(server)?.capabilities[capability] !== undefined);
  const kept = Object.entries(others).filter(([name, value]) => {
    const capability = [...LISTS.values()].find(([wish]) => wish === name)?.[1];
    return capability === undefined ? name === 'taskIds' : value === true && has(capability);
  });
  const filter: Record<string, Json> = Object.fromEntries(kept);
  const uris = new Map<string, string[]>();
  if (asked === undefined) return { filter, uris };
  if (!Array.isArray(asked) || asked.length > URIS_MAX || !asked.every((uri) => typeof uri === 'string')) {
    throw new GuardError('invalid_params', {
      message: `params.notifications.resourceSubscriptions must be a list of at most ${URIS_MAX} strings.`,
    });
  }
  const shown: string[] = [];
  for (const uri of asked as readonly string[]) {
    const own = splitUri(uri, arrival.route, servers);
    const call = toCall(deps, { method: 'subscriptions/resource', params: { uri } }, arrival, true);
    const outcome = await deps.guard.run(call, async () => ({ value: {} }));
    if (outcome.status !== 'success' || own === undefined || !isSubscribable(deps, own.server)) continue;
    shown.push(uri);
    uris.set(own.server, [...(uris.get(own.server) ?? []), own.name]);
  }
  return { filter: { ...filter, resourceSubscriptions: shown }, uris };
}

/** What is acknowledged is what the server supports: it may have resources and not tell of their changes. */
function isSubscribable({ view }: EdgeDeps, server: string): boolean {
  const resources = view.profile(server)?.capabilities['resources'];
  return isObject(resources) && resources['subscribe'] === true;
}

interface Way {
  readonly agreed: Agreed;
  readonly server: string | undefined;
  readonly hear: NotificationGate;
  tag(method: string, params: JsonObject): void;
}

function relayOf({ caller, route }: InboundMessage, { agreed, server, tag, hear }: Way): ClientChannel {
  return {
    era: 'modern',
    capabilities: caller.capabilities,
    logLevel: undefined,
    progressToken: undefined,
    request: undefined,
    notify(method, params) {
      const list = LISTS.get(method);
      if (list !== undefined) {
        if (agreed.filter[list[0]] === true) tag(method, params);
      } else if (method === 'notifications/resources/updated') {
        const uri = params['uri'];
        const asked =
          typeof uri === 'string' ? (agreed.uris.get(server ?? '') ?? []).find((one) => isWithin(uri, one)) : undefined;
        if (asked !== undefined)
          hear(server ?? '', asked, () => tag(method, notificationParams(method, params, { route, server })));
      } else if (agreed.filter['taskIds'] !== undefined && method.startsWith('notifications/tasks'))
        tag(method, params);
    },
  };
}

/** "This might be a sub-resource of the one that the client subscribed to." */
const isWithin = (uri: string, asked: string): boolean =>
  uri === asked || uri.startsWith(asked.endsWith('/') ? asked : `${asked}/`);

interface Gate {
  /** One party that will either enter or end without having entered. */
  expect(run: (enter: () => Promise<void>) => Promise<Outcome>): Promise<Outcome>;
  /** Runs for whoever enters first. */
  first(act: () => void): void;
}

/** Nobody passes before all have come or have been refused: what is said before the acknowledgement would be lost. */
function openGate(parties: number, acknowledge: () => void): Gate {
  const { promise: open, resolve } = Promise.withResolvers<void>();
  let expected = parties;
  let entered = 0;
  let acted = false;
  const settle = (): void => {
    if (--expected > 0) return;
    if (entered > 0) acknowledge();
    resolve();
  };
  return {
    first(act) {
      if (acted) return;
      act();
      acted = true;
    },
    async expect(run) {
      let came = false;
      const come = (counts: 0 | 1): void => {
        if (came) return;
        came = true;
        entered += counts;
        settle();
      };
      try {
        return await run(() => {
          come(1);
          return open;
        });
      } finally {
        come(0);
      }
    },
  };
}
