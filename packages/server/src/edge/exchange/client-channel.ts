/** The channel back to the client of one call: what its revision allows and the client requested, and nothing else. */
import type { ClientChannel, JsonObject } from '@sallyport/guard';
import type { Sender } from '../eras/sender.ts';
import { notificationMessage } from '../../mcp/json-rpc.ts';
import { metaOf } from '../../mcp/meta-keys.ts';
import { NOTIFICATION } from '../../mcp/notifications.ts';
import type { ClientConnection } from './connection.ts';

/** @param request sends a request to a legacy client. A modern client gets input requests in a result instead. */
export function createClientChannel(
  sender: Sender,
  params: JsonObject,
  connection: Pick<ClientConnection, 'send' | 'endStream'>,
  request: ClientChannel['request'],
): ClientChannel {
  // `checkMeta` has seen that it is a string or an integer.
  const progressToken = metaOf(params)?.['progressToken'] as string | number | undefined;
  const { era, capabilities, logLevel } = sender;
  let reached = Number.NEGATIVE_INFINITY;
  return {
    era,
    capabilities,
    logLevel,
    progressToken,
    request: era === 'legacy' ? request : undefined,
    streamEnded: () => connection.endStream(),
    notify(method, notification) {
      if (method === NOTIFICATION.progress) {
        const { progress } = notification;
        // Progress must increase and carry the client's own token, whatever the server sends.
        if (progressToken === undefined || typeof progress !== 'number' || progress <= reached) return;
        reached = progress;
        connection.send(notificationMessage(method, { ...notification, progressToken }));
      } else if (era === 'legacy' || (method === NOTIFICATION.message && logLevel !== undefined)) {
        connection.send(notificationMessage(method, notification));
      }
    },
  };
}

/** The channel of a call that sends nothing back but its result. */
export const silentChannel = ({ era, capabilities }: Sender): ClientChannel => ({
  era,
  capabilities,
  logLevel: undefined,
  progressToken: undefined,
  notify: () => {},
  request: undefined,
});
