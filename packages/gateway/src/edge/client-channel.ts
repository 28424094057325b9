/** The way back to the caller of one call: only what its revision lets through, and only what it asked for. */
import type { JsonObject, ClientChannel } from '@sallyport/guard';
import type { Caller } from './eras/caller.ts';
import { metaOf } from './eras/modern.ts';

export interface Way {
  send(message: object): void;
  /** Of legacy clients that can be asked; modern ones are asked in results. */
  readonly ask: ClientChannel['request'];
}

const PROGRESS = 'notifications/progress';
const MESSAGE = 'notifications/message';

export function clientChannel(caller: Caller, params: JsonObject, { send, ask }: Way): ClientChannel {
  // `checkMeta` has seen that it is a string or an integer.
  const progressToken = metaOf(params)?.['progressToken'] as string | number | undefined;
  const { era, capabilities, logLevel } = caller;
  let reached = Number.NEGATIVE_INFINITY;
  return {
    era,
    capabilities,
    logLevel,
    progressToken,
    request: era === 'legacy' ? ask : undefined,
    notify(method, notification) {
      if (method === PROGRESS) {
        const { progress } = notification;
        // Progress goes up, and under the token that the client gave; a server may see that differently.
        if (progressToken === undefined || typeof progress !== 'number' || progress <= reached) return;
        reached = progress;
        send({ jsonrpc: '2.0', method, params: { ...notification, progressToken } });
      } else if (era === 'legacy' || (method === MESSAGE && logLevel !== undefined))
        send({ jsonrpc: '2.0', method, params: notification });
    },
  };
}
