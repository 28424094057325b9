/**
 * `subscriptions/listen`: acknowledged first, then only what was asked for and may be seen; every message carries the id
 * of the request, in its own type, and so does the result that ends it.
 */
import type { JsonObject, McpResult, Relay } from '@sallyport/guard';
import type { DoorDeps } from './deps.ts';
import { isObject, type RequestId } from './envelope.ts';
import { callOf, type Arrival } from './exchange.ts';

const SUBSCRIPTION = 'io.modelcontextprotocol/subscriptionId';
const WISHES: Readonly<Record<string, string>> = {
  'notifications/tools/list_changed': 'toolsListChanged', 'notifications/prompts/list_changed': 'promptsListChanged', 'notifications/resources/list_changed': 'resourcesListChanged',
};
const URIS_MAX = 200;

export interface Listening {
  /** Params with the resources that the caller may hear of, in the servers' own names. */
  readonly params: JsonObject;
  readonly relay: Relay;
  /** Acknowledges and listens until the call's signal is aborted. */
  run(listen: () => Promise<McpResult>): Promise<McpResult>;
}

export interface Listener {
  readonly id: RequestId;
  readonly params: JsonObject;
  send(message: object): void;
}

/** Every resource passes the guard by itself: what may not be read is not heard of either. */
export async function prepareListen(deps: DoorDeps, arrival: Arrival, { id, params, send }: Listener): Promise<Listening> {
  const wanted = isObject(params['notifications']) ? params['notifications'] : {};
  const asked = Array.isArray(wanted['resourceSubscriptions']) ? (wanted['resourceSubscriptions'] as readonly unknown[]).slice(0, URIS_MAX) : [];
  const heard: { readonly shown: string; readonly own: string }[] = [];
  for (const uri of asked) {
    if (typeof uri !== 'string') continue;
    const call = callOf(deps, { method: 'subscriptions/resource', params: { uri } }, arrival, true);
    const outcome = await deps.guard.run(call, async () => ({ value: {} }));
    if (outcome.status === 'success') heard.push({ shown: uri, own: String(call.params['uri']) });
  }
  const own = { ...wanted, ...(asked.length > 0 && { resourceSubscriptions: heard.map((one) => one.own) }) };
  const shown = { ...wanted, ...(asked.length > 0 && { resourceSubscriptions: heard.map((one) => one.shown) }) };
  const tag = (method: string, body: JsonObject): void => send({ jsonrpc: '2.0', method, params: { ...body, _meta: { ...(isObject(body['_meta']) ? body['_meta'] : {}), [SUBSCRIPTION]: id } } });
  return {
    params: { ...params, notifications: own },
    relay: {
      era: 'modern', capabilities: arrival.caller.capabilities, logLevel: undefined, progressToken: undefined, ask: undefined,
      notify(method, body) {
        const wish = WISHES[method];
        if (wish !== undefined && wanted[wish] !== true) return;
        // On `/mcp` a changed resource is named as it is listed there.
        const named = method === 'notifications/resources/updated' ? heard.find((one) => one.own === body['uri'])?.shown : undefined;
        tag(method, named === undefined ? body : { ...body, uri: named });
      },
    },
    async run(listen) {
      tag('notifications/subscriptions/acknowledged', { notifications: shown });
      const { value } = await listen();
      return { value: { ...value, _meta: { [SUBSCRIPTION]: id } } };
    },
  };
}
