/** Requests of a server that wait for the client: bounded, so that a server cannot pile them up, one an id, withdrawn by their id. */
import type { JsonObject } from '@sallyport/guard';
import { encodeResponse } from '../transports/encode.ts';
import type { RequestId } from '../../mcp/json-rpc.ts';

export interface PendingClientRequests {
  /**
   * @param ask puts it to the client. @param done gets the answer to write, or `undefined` when the server has withdrawn it.
   * @returns why it is dropped instead; `undefined` when it is not.
   */
  take(
    id: RequestId,
    ask: (withdrawn: AbortSignal) => Promise<JsonObject>,
    done: (reply: Buffer | undefined) => void,
  ): string | undefined;
  /** The server wants no answer any more: whoever was asked is told. */
  withdraw(id: unknown): void;
}

const ASKING_MAX = 64;

export function createPendingClientRequests(): PendingClientRequests {
  const waiting = new Map<unknown, AbortController>();
  return {
    take(id, ask, done) {
      if (waiting.size >= ASKING_MAX) return 'too many requests at once';
      if (waiting.has(id)) return 'a request under an id that waits already';
      const withdrawn = new AbortController();
      waiting.set(id, withdrawn);
      void encodeResponse(id, ask(withdrawn.signal)).then((reply) => {
        waiting.delete(id);
        done(withdrawn.signal.aborted ? undefined : reply);
      });
      return undefined;
    },
    withdraw: (id) => waiting.get(id)?.abort(),
  };
}
