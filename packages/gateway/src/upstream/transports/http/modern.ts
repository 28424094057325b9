/** Streamable HTTP of 2026-07-28: every request stands alone; closing it cancels it. */
import type { Log } from '@sallyport/guard';
import { ACCEPT_RESPONSE, HEADER } from '@sallyport/server/mcp/headers';
import { MODERN_VERSION } from '@sallyport/server/mcp/revisions';
import { encodeRequest } from '../encode.ts';
import type { OutboundRequest, ServerResult, Transport } from '../transport.ts';
import { isJson, sendHttp } from './exchange.ts';
import { mirrorHeaders } from './mirror.ts';
import { createReceiver, failureOf, messageBytesMax } from './receiver.ts';
import type { HttpSockets } from './sockets.ts';

/** A server should end a stream after the response. The gateway closes one that stays open for so long. */
export const LINGER_MS = 1_000;

/** A transport without a session: it has nothing to open or close. */
export function createModernHttpTransport(server: string, sockets: HttpSockets, log: Log): Transport {
  let lastId = 0;
  const headers = {
    ...sockets.headers,
    'content-type': 'application/json',
    accept: ACCEPT_RESPONSE,
    'accept-encoding': 'identity',
    [HEADER.protocolVersion]: MODERN_VERSION,
  };
  return {
    request: (outbound) => request(server, sockets, log, headers, ++lastId, outbound),
    // The revision has no client notifications over HTTP: a request is cancelled by closing it.
    notify: () => Promise.resolve(),
    isClosed: () => false,
    close: () => Promise.resolve(),
  };
}

/** @param headers that every request has. */
async function request(
  server: string,
  sockets: HttpSockets,
  log: Log,
  headers: Readonly<Record<string, string>>,
  id: number,
  outbound: OutboundRequest,
): Promise<ServerResult> {
  const { method, params, definition, timeoutMs } = outbound;
  const receiver = createReceiver(id, outbound, server, log, {
    onServerRequest: (message) =>
      log('warn', 'dropped a message from a server', {
        server,
        why: 'a request to the client',
        method: message.method.slice(0, 64),
      }),
    onServerNotification: () => false,
    onGivenUp: () => exchange.abort(),
  });
  const exchange = sendHttp({
    pool: timeoutMs === undefined ? sockets.streams : sockets.requests,
    method: 'POST',
    path: sockets.path,
    headers: { ...headers, [HEADER.method]: method, ...mirrorHeaders(method, params, definition) },
    body: encodeRequest(id, outbound),
    bytesMax: messageBytesMax(outbound),
    onHead: () => receiver.idleTimeout.touch(),
    onEvent: (event) => {
      const messages = receiver.read(event.data);
      if (receiver.isSettled()) setTimeout(exchange.abort, LINGER_MS).unref();
      return messages;
    },
  });
  void exchange.outcome.then((outcome) => {
    if (!('fault' in outcome) && !outcome.isStream && isJson(outcome.headers)) receiver.read(outcome.body);
    // Making an error is not free, and nearly every exchange has its response by now.
    if (!receiver.isSettled()) receiver.fail(failureOf(outcome));
  });
  return receiver.result;
}
