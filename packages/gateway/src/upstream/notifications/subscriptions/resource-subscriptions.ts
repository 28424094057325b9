/** Brings the resource subscriptions of a legacy session in line with what its owner wants (2025-11-25, resources). */
import { isObject, type Log } from '@sallyport/guard';
import type { UpstreamSession } from '../../sessions/session.ts';
import { reasonOf } from '../../transports/failure.ts';
import { gatewayRequest } from '../../transports/transport.ts';

const RESULT_BYTES_MAX = 64 * 1024;

/** A failed subscription is logged; the next change tries again. */
export async function syncResourceSubscriptions(
  log: Log,
  session: UpstreamSession,
  uris: ReadonlySet<string>,
): Promise<void> {
  const { connection, settings, subscribedUris } = session;
  const { resources } = connection.profile.capabilities;
  if (!isObject(resources) || resources['subscribe'] !== true) return;
  for (const uri of uris) {
    if (subscribedUris.has(uri)) continue;
    subscribedUris.add(uri);
    await send(session, 'resources/subscribe', uri).catch((thrown: unknown) => {
      subscribedUris.delete(uri);
      log('debug', 'a subscription failed', { server: settings.name, why: reasonOf(thrown) });
    });
  }
  for (const uri of [...subscribedUris]) {
    if (uris.has(uri)) continue;
    subscribedUris.delete(uri);
    await send(session, 'resources/unsubscribe', uri).catch(() => undefined);
  }
}

const send = ({ connection, settings }: UpstreamSession, method: string, uri: string): Promise<unknown> =>
  connection.request(gatewayRequest(method, { uri }, settings.timeoutMs, RESULT_BYTES_MAX));
