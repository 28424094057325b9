/** A channel that is open, with what comes back from it. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Channel } from './channel.ts';

/** One entry of `approvals.channels`, opened. */
export interface OpenedChannel {
  readonly channel: Channel;
  /** Serves a request to the admin listener that is meant for it. @returns false for every other one. */
  handle(request: IncomingMessage, response: ServerResponse): boolean;
  close(): Promise<void>;
}
