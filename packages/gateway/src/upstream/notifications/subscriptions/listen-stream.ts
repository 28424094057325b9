/** One `subscriptions/listen` stream to a modern server, kept open until it is no longer wanted. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { JsonObject } from '@sallyport/guard';
import { TASKS_EXTENSION } from '@sallyport/server/mcp/meta-keys';
import { modernMeta } from '../../transports/gateway-meta.ts';
import type { SessionPool } from '../../sessions/pool.ts';
import type { Owner, UpstreamSession } from '../../sessions/session.ts';
import { remoteErrorOf } from '../../transports/failure.ts';
import { gatewayRequest, type OutboundRequest } from '../../transports/transport.ts';
import { forgetChangedLists } from '../list-changed.ts';
import type { Subscribers } from '../subscribers.ts';

const EVENT_BYTES_MAX = 1024 * 1024;
const RETRY_MS = 500;
const RETRY_MS_MAX = 30_000;

/**
 * Publishes the notifications of the stream, and opens it again when it breaks. Resolves when the signal aborts, when
 * the owner has no session any more, or when the server refuses the request.
 *
 * @param filter as in `subscriptions/listen`.
 */
export async function keepListening(
  pool: SessionPool,
  subscribers: Subscribers,
  server: string,
  owner: Owner,
  filter: JsonObject,
  signal: AbortSignal,
): Promise<void> {
  let failures = 0;
  const onNotification = (session: UpstreamSession, method: string, params: JsonObject): void => {
    failures = 0;
    forgetChangedLists(session, method);
    subscribers.publish(server, owner, method, params);
  };
  for (; !signal.aborted; failures++) {
    const session = pool.sessionsOf(server, owner).find(({ connection }) => !connection.isClosed());
    if (session === undefined) return;
    session.useCount++;
    try {
      await session.connection.request({
        ...listenRequest(filter, signal),
        onNotification: (method, params) => onNotification(session, method, params),
      });
    } catch (thrown) {
      // A server that refuses the request will go on refusing it. One that broke the stream may be back soon.
      if (remoteErrorOf(thrown) !== undefined) return;
    } finally {
      pool.release(session);
    }
    const delayMs = Math.min(RETRY_MS * 2 ** Math.min(failures, 6), RETRY_MS_MAX);
    await sleep(delayMs, undefined, { signal, ref: false }).catch(() => undefined);
  }
}

function listenRequest(filter: JsonObject, signal: AbortSignal): OutboundRequest {
  const capabilities = filter['taskIds'] === undefined ? {} : { extensions: { [TASKS_EXTENSION]: {} } };
  const params = { notifications: filter, _meta: modernMeta(capabilities) };
  return { ...gatewayRequest('subscriptions/listen', params, 0, EVENT_BYTES_MAX), timeoutMs: undefined, signal };
}
