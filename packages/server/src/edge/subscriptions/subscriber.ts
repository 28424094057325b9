/**
 * Subscribers to server-initiated messages: legacy clients that receive what servers send outside any call. Over HTTP a
 * client opens a GET stream for it; on stdio every client that is initialized gets it.
 */
import { permitHolder, type ClientChannel, type Identity, type MaybePromise, type Outcome } from '@sallyport/guard';
import type { EdgeDeps } from '../deps.ts';
import { silentChannel } from '../exchange/client-channel.ts';
import type { InboundMessage } from '../exchange/inbound-message.ts';
import { runCall } from '../exchange/run-call.ts';
import { toInternalCall } from '../exchange/to-call.ts';
import { notificationMessage } from '../../mcp/json-rpc.ts';
import { notificationParams } from '../names/notification-params.ts';
import { serversOnRoute } from '../names/route.ts';
import {
  createNotificationGate,
  deliverWhen,
  mayReceive,
  subjectOf,
  type NotificationGate,
  type NotificationSubject,
} from './notification-gate.ts';

/** One legacy client on one stream. */
export interface LegacySubscriber {
  /** Sends a server's request to this client; `undefined` when the client accepts none. */
  readonly request: ClientChannel['request'];
  /** Whether it listened before a restart: then its sessions with servers are opened now, and not by its next call. */
  readonly isReturning: boolean;
  /**
   * Opens the stream to the client. Called once for each server that the guard lets it listen to.
   *
   * @throws GuardError when the stream cannot be opened, at once or later.
   */
  admit(identity: Identity): MaybePromise<void>;
  /** Whether messages go out here: each message goes out on one stream of a session only. */
  isCurrent(): boolean;
  send(message: object, subject: NotificationSubject): void;
}

/**
 * Listens to each server in a call of its own, so that its resources can be named as the endpoint lists them. Runs
 * until the message's signal is aborted.
 *
 * @param servers from {@link serversToSubscribe}.
 * @returns the first successful outcome, else the first.
 */
export async function subscribeToServers(
  deps: EdgeDeps,
  inbound: InboundMessage,
  servers: readonly (string | undefined)[],
  subscriber: LegacySubscriber,
): Promise<Outcome> {
  const gate = createNotificationGate(deps, inbound);
  return mergeOutcomes(
    await Promise.all(servers.map((server) => subscribeToServer(deps, inbound, server, subscriber, gate))),
  );
}

async function subscribeToServer(
  deps: EdgeDeps,
  inbound: InboundMessage,
  server: string | undefined,
  subscriber: LegacySubscriber,
  gate: NotificationGate,
): Promise<Outcome> {
  const { route, sender } = inbound;
  const channel: ClientChannel = {
    ...silentChannel(sender),
    request: subscriber.request,
    notify(method, params) {
      const subject = subjectOf(server ?? '', method, params);
      deliverWhen(mayReceive(gate, subject, params), () => {
        if (!subscriber.isCurrent()) return;
        subscriber.send(notificationMessage(method, notificationParams(method, params, route, server)), subject);
      });
    },
  };
  const serverInbound = { ...inbound, route: { ...route, server } };
  const call = toInternalCall(deps, 'stream/listen', { returning: subscriber.isReturning }, serverInbound);
  return runCall(deps, serverInbound, call, async (permit) => {
    await subscriber.admit(permitHolder(permit));
    return deps.send(permit, channel);
  });
}

/** `undefined` stands for no server: the caller is still authenticated, and the call recorded. */
export function serversToSubscribe({ route, snapshot }: InboundMessage): readonly (string | undefined)[] {
  const servers = route.server === undefined ? serversOnRoute(route, snapshot.servers) : [route.server];
  return servers.length === 0 ? [undefined] : servers;
}

/** @param outcomes one for each server; at least one. */
export const mergeOutcomes = (outcomes: readonly Outcome[]): Outcome =>
  outcomes.find(({ status }) => status === 'success') ?? (outcomes[0] as Outcome);
