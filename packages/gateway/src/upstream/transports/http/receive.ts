/** What comes back on the exchange of one request: its notifications, the server's own requests, and once its answer. */
import { GuardError, type JsonObject } from '@sallyport/guard';
import type { Log } from '@sallyport/guard';
import { transportFailure, rpcFailure, tooLarge } from '../failure.ts';
import type { ServerResult, OutboundRequest } from '../transport.ts';
import type { RequestId } from '../../../mcp/json-rpc.ts';
import { readServerMessages, type ServerMessage } from '../../../mcp/server-message.ts';
import { startIdleTimeout, type IdleTimeout } from '../idle-timeout.ts';
import type { HttpFailed, HttpReply } from './dispatch.ts';

/** Notifications of one request that are passed on; what comes after them is dropped, so that a flood ends here. */
const NOTICES_MAX = 10_000;

export interface Receiver {
  readonly id: number;
  readonly patience: IdleTimeout;
  readonly answer: Promise<ServerResult>;
  settled(): boolean;
  /** One JSON text: a plain body, or the data of an event. */
  take(bytes: Buffer): void;
  /** What was said of it on another stream. */
  hear(message: ServerMessage): void;
  /** Settles with a failure, unless the answer is already there. */
  fail(why: GuardError): void;
}

export interface ReceiverOptions {
  readonly server: string;
  readonly log: Log;
  /** Legacy only: the server asks the client while it works. */
  onServerRequest(id: RequestId, method: string, params: JsonObject): void;
  /** True for what is said of a request of the server's own. */
  onServerNotice(method: string, params: JsonObject): boolean;
  /** The wait is over before the answer came: cancel upstream. */
  onLost(why: GuardError): void;
}

export function receive(id: number, ask: OutboundRequest, options: ReceiverOptions): Receiver {
  const { promise, resolve, reject } = Promise.withResolvers<ServerResult>();
  let settled = false;
  let notices = 0;
  const settle = (finish: () => void): void => {
    if (settled) return;
    settled = true;
    patience.stop();
    finish();
  };
  const patience = startIdleTimeout(ask, (why) => {
    if (settled) return;
    settled = true;
    options.onLost(why);
    reject(why);
  });
  const complain = (why: string): void => {
    if (++notices < 20) options.log('warn', 'dropped what a server said', { server: options.server, why });
  };
  const onMessage = (message: ServerMessage): void => {
    if (message.kind === 'malformed') return complain(message.why);
    if (message.kind === 'request') return options.onServerRequest(message.id, message.method, message.params);
    if (message.kind === 'notification') {
      // A flood is no sign of life.
      if (++notices > NOTICES_MAX) return;
      patience.touch();
      if (options.onServerNotice(message.method, message.params)) return;
      if (message.method === 'notifications/progress' && (!ask.wantsProgress || message.params['progressToken'] !== id))
        return;
      return ask.onNotification(message.method, message.params);
    }
    if (message.id !== id && !(message.kind === 'error' && message.id === null))
      return complain('a response to another request');
    if (message.kind === 'error') return settle(() => reject(rpcFailure(message.code, message.message, message.data)));
    const { value, bytes } = message;
    settle(() => (bytes !== undefined && bytes.length > ask.bytesMax ? reject(tooLarge()) : resolve({ value, bytes })));
  };
  return {
    id,
    patience,
    answer: promise,
    settled: () => settled,
    take: (bytes) => {
      if (!settled) for (const message of readServerMessages(bytes, ask.bytesMax + 64 * 1024)) onMessage(message);
    },
    hear: (message) => {
      if (!settled) onMessage(message);
    },
    fail: (why) => settle(() => reject(why)),
  };
}

/** The failure that a finished exchange without an answer stands for. */
export function faultOf(reply: HttpReply | HttpFailed): GuardError {
  if ('fault' in reply) {
    if (reply.fault === 'too_large') return tooLarge();
    if (reply.fault === 'encoded')
      return transportFailure('the answer is compressed, which was not asked for', { cause: reply.cause });
    return transportFailure(reply.fault === 'connect' ? 'the server cannot be reached' : 'the connection broke', {
      unexecuted: !reply.sent,
      cause: reply.cause,
    });
  }
  if (reply.status >= 300 && reply.status < 400)
    return transportFailure('the server redirects, which is not followed', { status: reply.status });
  return transportFailure(reply.status === 200 ? 'the answer holds no response' : 'the server refused the request', {
    status: reply.status,
  });
}
