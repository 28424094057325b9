/**
 * The requests of one server that wait for the client's answer: one per id, so many at the same time that a server
 * cannot pile them up, and each until the server cancels it.
 */
import type { JsonObject } from '@sallyport/guard';
import type { RequestId } from '@sallyport/server/mcp/json-rpc';
import { encodeResponse } from '../transports/encode.ts';

/** The requests that wait in one session. */
export interface PendingClientRequests {
  /**
   * @param answer gets the answer of the client. Its signal aborts when the server cancels the request.
   * @param respond gets the encoded response; `undefined` when the server has cancelled the request.
   * @returns why the request is dropped; `undefined` when it is not.
   */
  add(
    id: RequestId,
    answer: (cancelled: AbortSignal) => Promise<JsonObject>,
    respond: (response: Buffer | undefined) => void,
  ): string | undefined;
  /** The server has cancelled a request: it gets no response, and the client learns of it. */
  cancel(id: unknown): void;
}

const PENDING_MAX = 64;

/** None at first. */
export function createPendingClientRequests(): PendingClientRequests {
  const pending = new Map<unknown, AbortController>();
  return {
    add(id, answer, respond) {
      if (pending.size >= PENDING_MAX) return 'too many requests at once';
      if (pending.has(id)) return 'a request under an id that waits already';
      const cancelled = new AbortController();
      pending.set(id, cancelled);
      void encodeResponse(id, answer(cancelled.signal)).then((response) => {
        pending.delete(id);
        respond(cancelled.signal.aborted ? undefined : response);
      });
      return undefined;
    },
    cancel: (id) => pending.get(id)?.abort(),
  };
}
