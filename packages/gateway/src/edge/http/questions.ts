/** Requests of a server to a legacy client: sent on the stream of the call, answered by a POST of the same session. */
import { randomBytes } from 'node:crypto';
import { GuardError, type JsonObject } from '@sallyport/guard';
import type { Live } from '../sessions/live.ts';

export interface Questions {
  ask(method: string, params: JsonObject): Promise<JsonObject>;
  /** What is still open when the call ends is given up. */
  end(): void;
}

export function createQuestions(live: Live | undefined, way: { send(message: object): void }): Questions {
  const open = new Set<string>();
  return {
    ask(method, params) {
      if (live === undefined) return Promise.reject(new GuardError('missing_client_capability'));
      const id = `sp-${randomBytes(12).toString('base64url')}`;
      open.add(id);
      return new Promise<JsonObject>((resolve, reject) => {
        live.questions.set(id, { resolve, reject });
        way.send({ jsonrpc: '2.0', id, method, params });
      }).finally(() => { open.delete(id); live.questions.delete(id); });
    },
    end() {
      for (const id of open) live?.questions.get(id)?.reject(new GuardError('cancelled'));
    },
  };
}
