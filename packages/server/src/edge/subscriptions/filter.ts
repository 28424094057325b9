/** The filter of `subscriptions/listen` (2026-07-28): what a client asks for, and the part of it that it gets. */
import { isObject, GuardError, type Json, type JsonObject } from '@sallyport/guard';
import type { EdgeDeps } from '../deps.ts';
import type { InboundMessage } from '../exchange/inbound-message.ts';
import { toInternalCall } from '../exchange/to-call.ts';
import { capabilityFilteredBy } from '../../mcp/lists.ts';
import { serversOnRoute, splitUri } from '../names/route.ts';

const URIS_MAX = 200;

/** The part of a filter that the client gets. */
export interface AcceptedFilter {
  /** As the client wrote it, without what it does not get. */
  readonly filter: JsonObject;
  /** Server → accepted resources, under the server's own URIs. */
  readonly uris: ReadonlyMap<string, readonly string[]>;
}

/** @throws GuardError `invalid_params` for a malformed filter. */
export async function acceptFilter(
  deps: EdgeDeps,
  inbound: InboundMessage,
  params: JsonObject,
): Promise<AcceptedFilter> {
  const requested = params['notifications'] ?? {};
  if (!isObject(requested))
    throw new GuardError('invalid_params', { message: 'params.notifications must be an object.' });
  const { resourceSubscriptions, ...others } = requested;
  const filter = acceptLists(deps, inbound, others);
  if (resourceSubscriptions === undefined) return { filter, uris: new Map() };
  const { shown, uris } = await acceptResources(deps, inbound, readUris(resourceSubscriptions));
  return { filter: { ...filter, resourceSubscriptions: shown }, uris };
}

/** A list is accepted when any server on this endpoint has such definitions. */
function acceptLists(deps: EdgeDeps, { route, snapshot }: InboundMessage, requested: JsonObject): JsonObject {
  const servers = serversOnRoute(route, snapshot.servers);
  const isOffered = (capability: string): boolean =>
    servers.some((server) => deps.profileOf(server)?.capabilities[capability] !== undefined);
  return Object.fromEntries(
    Object.entries(requested).filter(([member, value]) => {
      const capability = capabilityFilteredBy(member);
      return capability === undefined ? member === 'taskIds' : value === true && isOffered(capability);
    }),
  );
}

function readUris(value: Json): readonly string[] {
  if (Array.isArray(value) && value.length <= URIS_MAX && value.every((uri) => typeof uri === 'string'))
    return value as readonly string[];
  throw new GuardError('invalid_params', {
    message: `params.notifications.resourceSubscriptions must be a list of at most ${URIS_MAX} strings.`,
  });
}

/** A13: each resource passes the guard by itself, because updates of a resource tell of it as reading does. */
async function acceptResources(
  deps: EdgeDeps,
  inbound: InboundMessage,
  requested: readonly string[],
): Promise<{ readonly shown: readonly string[]; readonly uris: ReadonlyMap<string, readonly string[]> }> {
  const shown: string[] = [];
  const uris = new Map<string, string[]>();
  for (const uri of requested) {
    const resource = splitUri(uri, inbound.route, inbound.snapshot.servers);
    const call = toInternalCall(deps, 'subscriptions/resource', { uri }, inbound);
    const outcome = await deps.guard.run(call, async () => ({ value: {} }));
    if (outcome.status !== 'success' || resource === undefined || !sendsUpdates(deps, resource.server)) continue;
    shown.push(uri);
    uris.set(resource.server, [...(uris.get(resource.server) ?? []), resource.name]);
  }
  return { shown, uris };
}

/** Only what the server supports is acknowledged: it may have resources and send no updates of them. */
function sendsUpdates({ profileOf }: EdgeDeps, server: string): boolean {
  const resources = profileOf(server)?.capabilities['resources'];
  return isObject(resources) && resources['subscribe'] === true;
}
