/** Requests of a server to a legacy client: sent on the stream of the call, answered by a POST of the same session. */
import { randomBytes } from 'node:crypto';
import { GuardError, type JsonObject } from '@sallyport/guard';
import type { LiveSession, PendingCall } from './live-sessions.ts';

export interface ClientRequests {
  ask(method: string, params: JsonObject, withdrawn?: AbortSignal): Promise<JsonObject>;
  /** What is still open when the call ends is given up. */
  end(): void;
}

export interface Way {
  send(message: object): void;
}

export interface Asker {
  readonly live: LiveSession;
  readonly call: PendingCall;
  /** What the client declared. */
  readonly capabilities: JsonObject;
  /** How long an answer may take: a client that is gone does not give one. */
  readonly timeoutMs: number;
}

const NEEDED: ReadonlyMap<string, string> = new Map([
  ['elicitation/create', 'elicitation'],
  ['sampling/createMessage', 'sampling'],
  ['roots/list', 'roots'],
]);

export const acceptsRequests = (capabilities: JsonObject): boolean =>
  [...NEEDED.values()].some((name) => capabilities[name] !== undefined);

export function createClientRequests({ live, call, capabilities, timeoutMs }: Asker, way: Way): ClientRequests {
  const open = new Set<string>();
  const takeBack = (id: string, reason: string, why: GuardError): void => {
    if (!open.delete(id)) return;
    way.send({ jsonrpc: '2.0', method: 'notifications/cancelled', params: { requestId: id, reason } });
    live.clientRequests.get(id)?.reject(why);
  };
  const giveUp = (): void => {
    for (const id of open) takeBack(id, 'The call that asked has ended.', new GuardError('cancelled'));
  };
  call.abort.signal.addEventListener('abort', giveUp, { once: true });
  return {
    ask(method, params, withdrawn) {
      const needed = NEEDED.get(method);
      if (needed === undefined || capabilities[needed] === undefined)
        return Promise.reject(
          new GuardError('missing_client_capability', {
            data: { requiredCapabilities: needed === undefined ? {} : { [needed]: {} } },
          }),
        );
      if (call.abort.signal.aborted || withdrawn?.aborted === true) return Promise.reject(new GuardError('cancelled'));
      const id = `sp-${randomBytes(12).toString('base64url')}`;
      open.add(id);
      let timer: NodeJS.Timeout | undefined;
      const withdraw = (): void => takeBack(id, 'The server that asked has withdrawn it.', new GuardError('cancelled'));
      withdrawn?.addEventListener('abort', withdraw, { once: true });
      return new Promise<JsonObject>((resolve, reject) => {
        timer = setTimeout(
          () =>
            takeBack(
              id,
              'No answer came in time.',
              new GuardError('upstream_timeout', { message: 'The client did not answer in time.' }),
            ),
          timeoutMs,
        );
        live.clientRequests.set(id, { holder: call.holder, resolve, reject });
        way.send({ jsonrpc: '2.0', id, method, params });
      }).finally(() => {
        clearTimeout(timer);
        withdrawn?.removeEventListener('abort', withdraw);
        open.delete(id);
        live.clientRequests.delete(id);
      });
    },
    end() {
      call.abort.signal.removeEventListener('abort', giveUp);
      giveUp();
    },
  };
}
