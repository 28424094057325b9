/**
 * Requests of a server to a legacy client: sent on the stream of a call, answered by a later message of the same
 * session.
 */
import { randomBytes } from 'node:crypto';
import { GuardError, type JsonObject } from '@sallyport/guard';
import { capabilityNeededBy, CLIENT_REQUEST_CAPABILITIES } from '../../mcp/client-requests.ts';
import { notificationMessage, requestMessage } from '../../mcp/json-rpc.ts';
import { NOTIFICATION } from '../../mcp/notifications.ts';
import type { LiveSession, PendingCall } from './live-sessions.ts';

/** Requests to the client on behalf of one call. */
export interface ClientRequests {
  /**
   * Sends a request to the client and resolves with its result.
   *
   * @param withdrawn aborted when the server no longer wants a response.
   * @throws GuardError `missing_client_capability`, `cancelled`, `upstream_timeout`, or the error of the client.
   */
  readonly send: (method: string, params: JsonObject, withdrawn?: AbortSignal) => Promise<JsonObject>;
  /** Cancels every request that has no response yet. */
  end(): void;
}

/** Whether a client with these capabilities can be sent any request. */
export const acceptsRequests = (capabilities: JsonObject): boolean =>
  CLIENT_REQUEST_CAPABILITIES.some((name) => capabilities[name] !== undefined);

/**
 * @param call the call that the servers act for; only its principal may answer, and its end cancels the requests.
 * @param capabilities what the client declared.
 * @param timeoutMs how long a response may take, because a client that has gone away sends none.
 */
export function createClientRequests(
  live: LiveSession,
  call: PendingCall,
  capabilities: JsonObject,
  timeoutMs: number,
  connection: { send(message: object): void },
): ClientRequests {
  const open = new Set<string>();
  const cancel = (id: string, reason: string, error: GuardError): void => {
    if (!open.delete(id)) return;
    connection.send(notificationMessage(NOTIFICATION.cancelled, { requestId: id, reason }));
    live.clientRequests.get(id)?.reject(error);
  };
  const cancelAll = (): void => {
    for (const id of open) cancel(id, 'The call that asked has ended.', new GuardError('cancelled'));
  };
  const sendRequest = async (method: string, params: JsonObject, withdrawn?: AbortSignal): Promise<JsonObject> => {
    const id = `sp-${randomBytes(12).toString('base64url')}`;
    const { promise, resolve, reject } = Promise.withResolvers<JsonObject>();
    const withdraw = (): void => cancel(id, 'The server that asked has withdrawn it.', new GuardError('cancelled'));
    const expire = (): void => cancel(id, 'No answer came in time.', timeoutError());
    withdrawn?.addEventListener('abort', withdraw, { once: true });
    const timer = setTimeout(expire, timeoutMs);
    open.add(id);
    live.clientRequests.set(id, { principalKey: call.principalKey, resolve, reject });
    connection.send(requestMessage(id, method, params));
    try {
      return await promise;
    } finally {
      clearTimeout(timer);
      withdrawn?.removeEventListener('abort', withdraw);
      open.delete(id);
      live.clientRequests.delete(id);
    }
  };
  call.abort.signal.addEventListener('abort', cancelAll, { once: true });
  return {
    async send(method, params, withdrawn) {
      checkCapability(method, capabilities);
      if (call.abort.signal.aborted || withdrawn?.aborted === true) throw new GuardError('cancelled');
      return sendRequest(method, params, withdrawn);
    },
    end() {
      call.abort.signal.removeEventListener('abort', cancelAll);
      cancelAll();
    },
  };
}

function checkCapability(method: string, capabilities: JsonObject): void {
  const required = capabilityNeededBy(method);
  if (required !== undefined && capabilities[required] !== undefined) return;
  throw new GuardError('missing_client_capability', {
    data: { requiredCapabilities: required === undefined ? {} : { [required]: {} } },
  });
}

const timeoutError = (): GuardError =>
  new GuardError('upstream_timeout', { message: 'The client did not answer in time.' });
