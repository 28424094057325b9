/**
 * `subscriptions/listen` (2026-07-28): an acknowledgement first, then only what the client requested and may see. Every
 * message carries the id of the request, in its own type, and so does the result at the end.
 *
 * On `/mcp` each server is listened to in a call of its own, so that the sender of a notification is known and nobody
 * receives an update of a resource from another server than the one that owns it.
 */
import {
  GuardError,
  permitHolder,
  type ClientChannel,
  type JsonObject,
  type McpResult,
  type Outcome,
  type Permit,
} from '@sallyport/guard';
import type { EdgeDeps } from '../deps.ts';
import type { RequestMessage } from '../../mcp/client-message.ts';
import { notificationMessage, type RequestId } from '../../mcp/json-rpc.ts';
import { capabilityChangedBy, LIST_CHANGES } from '../../mcp/lists.ts';
import { META, metaOf } from '../../mcp/meta-keys.ts';
import { isTaskNotification, NOTIFICATION } from '../../mcp/notifications.ts';
import { silentChannel } from '../exchange/client-channel.ts';
import type { ClientConnection } from '../exchange/connection.ts';
import type { InboundMessage } from '../exchange/inbound-message.ts';
import { runCall } from '../exchange/run-call.ts';
import { toCall } from '../exchange/to-call.ts';
import { isSameOrBelow } from '../../mcp/resource-uris.ts';
import { notificationParams } from '../names/notification-params.ts';
import { createAcknowledgement, type Acknowledgement } from './acknowledgement.ts';
import { acceptFilter, type AcceptedFilter } from './filter.ts';
import { createNotificationGate, deliverWhen, type NotificationGate } from './notification-gate.ts';
import { watchStream } from './reauthorize.ts';
import { mergeOutcomes, serversToSubscribe } from './subscriber.ts';

/**
 * Runs until the client cancels, the gateway stops, or the caller loses its rights.
 *
 * @throws GuardError `invalid_request` when the client takes no stream, `invalid_params` for a malformed filter.
 */
export async function answerListen(
  deps: EdgeDeps,
  inbound: InboundMessage,
  request: RequestMessage,
  connection: ClientConnection,
): Promise<Outcome> {
  const { canStream, pending, streamLimits } = connection;
  if (!canStream) throw new GuardError('invalid_request', { message: 'Accept must have text/event-stream to listen.' });
  const end = (reason: string): void => {
    sendTagged(connection, NOTIFICATION.cancelled, { requestId: request.id, reason }, request.id);
    pending.abort.abort();
  };
  const watch = streamLimits && watchStream(deps, inbound, streamLimits, end);
  let releaseSlot: (() => void) | undefined;
  const takeSlot = (permit: Permit): void => {
    const identity = permitHolder(permit);
    releaseSlot ??= streamLimits?.slots.take(identity, inbound.snapshot.gateway.streamsPerPrincipalMax);
    watch?.opened(identity);
  };
  try {
    return await listen(deps, inbound, request, connection, takeSlot);
  } finally {
    watch?.stop();
    releaseSlot?.();
  }
}

async function listen(
  deps: EdgeDeps,
  inbound: InboundMessage,
  request: RequestMessage,
  connection: ClientConnection,
  takeSlot: (permit: Permit) => void,
): Promise<Outcome> {
  const accepted = await acceptFilter(deps, inbound, request.params);
  const servers = serversToSubscribe(inbound);
  const gate = createNotificationGate(deps, inbound);
  const send = (method: string, params: JsonObject): void => sendTagged(connection, method, params, request.id);
  const acknowledgement = createAcknowledgement(servers.length, () =>
    send(NOTIFICATION.subscriptionAcknowledged, { notifications: accepted.filter }),
  );
  const outcomes = await Promise.all(
    servers.map((server) => {
      const channel = listenChannel(inbound, accepted, server, gate, send);
      const params = { ...request.params, notifications: filterFor(accepted, server) };
      const serverInbound = { ...inbound, route: { ...inbound.route, server } };
      return listenToServer(deps, serverInbound, { ...request, params }, channel, acknowledgement, takeSlot);
    }),
  );
  const outcome = mergeOutcomes(outcomes);
  return outcome.status === 'success' ? { ...outcome, result: taggedResult(outcome.result, request.id) } : outcome;
}

async function listenToServer(
  deps: EdgeDeps,
  inbound: InboundMessage,
  request: RequestMessage,
  channel: ClientChannel,
  acknowledgement: Acknowledgement,
  takeSlot: (permit: Permit) => void,
): Promise<Outcome> {
  let isPermitted = false;
  try {
    return await runCall(deps, inbound, toCall(deps, request, inbound), async (permit) => {
      takeSlot(permit);
      isPermitted = true;
      await acknowledgement.permitted();
      return deps.send(permit, channel);
    });
  } finally {
    if (!isPermitted) acknowledgement.refused();
  }
}

/** The filter for one server, with its resources under its own URIs. */
function filterFor({ filter, uris }: AcceptedFilter, server: string | undefined): JsonObject {
  return uris.size === 0 ? filter : { ...filter, resourceSubscriptions: uris.get(server ?? '') ?? [] };
}

/** Passes on what the filter asks for. */
function listenChannel(
  { sender, route }: InboundMessage,
  { filter, uris }: AcceptedFilter,
  server: string | undefined,
  gate: NotificationGate,
  send: (method: string, params: JsonObject) => void,
): ClientChannel {
  return {
    ...silentChannel(sender),
    notify(method, params) {
      const changed = capabilityChangedBy(method);
      if (changed !== undefined) {
        if (filter[LIST_CHANGES[changed].filter] === true) send(method, params);
      } else if (method === NOTIFICATION.resourceUpdated) {
        const { uri } = params;
        if (typeof uri !== 'string') return;
        const subscribed = uris.get(server ?? '')?.find((candidate) => isSameOrBelow(uri, candidate));
        if (subscribed === undefined) return;
        deliverWhen(gate.resource(server ?? '', subscribed), () =>
          send(method, notificationParams(method, params, route, server)),
        );
      } else if (filter['taskIds'] !== undefined && isTaskNotification(method)) {
        const { taskId } = params;
        if (typeof taskId === 'string') deliverWhen(gate.task(taskId, params), () => send(method, params));
      }
    },
  };
}

const tagged = (params: JsonObject, id: RequestId): JsonObject => ({
  ...params,
  _meta: { ...metaOf(params), [META.subscriptionId]: id },
});

const taggedResult = ({ value }: McpResult, id: RequestId): McpResult => ({ value: tagged(value, id) });

const sendTagged = (connection: ClientConnection, method: string, params: JsonObject, id: RequestId): void =>
  connection.send(notificationMessage(method, tagged(params, id)));
