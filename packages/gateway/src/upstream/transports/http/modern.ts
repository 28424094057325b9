/** Streamable HTTP of 2026-07-28: every request stands alone; closing it cancels it. */
import type { Log } from '@sallyport/guard';
import { encodeRequest } from '../encode.ts';
import type { ServerResult, OutboundRequest, Transport } from '../transport.ts';
import { dispatchHttp, isJson } from './dispatch.ts';
import type { Endpoint } from './endpoint.ts';
import { faultOf, receive } from './receive.ts';
import { MODERN_VERSION } from '../../../mcp/revisions.ts';

/** A server that has answered should end its stream; one that does not is not waited for. */
export const LINGER_MS = 1_000;

export function createModernHttpTransport(server: string, endpoint: Endpoint, log: Log): Transport {
  let lastId = 0;
  const fixed = {
    ...endpoint.headers,
    'content-type': 'application/json',
    accept: 'application/json, text/event-stream',
    'accept-encoding': 'identity',
    'mcp-protocol-version': MODERN_VERSION,
  };
  return {
    request: (ask) => request({ server, endpoint, log, fixed }, ++lastId, ask),
    // The revision has no client notifications over HTTP: what would be cancelled is closed instead.
    notify: () => Promise.resolve(),
    isClosed: () => false,
    close: () => Promise.resolve(),
  };
}

interface Modern {
  readonly server: string;
  readonly endpoint: Endpoint;
  readonly log: Log;
  readonly fixed: Readonly<Record<string, string>>;
}

async function request(
  { server, endpoint, log, fixed }: Modern,
  id: number,
  ask: OutboundRequest,
): Promise<ServerResult> {
  const receiver = receive(id, ask, {
    server,
    log,
    onServerRequest: (_id, method) =>
      log('warn', 'dropped what a server said', {
        server,
        why: 'a request to the client',
        method: method.slice(0, 64),
      }),
    onServerNotice: () => false,
    onLost: () => exchange.abort(),
  });
  const exchange = dispatchHttp({
    pool: ask.timeoutMs === undefined ? endpoint.streams : endpoint.calls,
    method: 'POST',
    path: endpoint.path,
    headers: { ...fixed, 'mcp-method': ask.method, ...ask.headers },
    body: encodeRequest(id, ask),
    maxBytes: ask.bytesMax + 64 * 1024,
    onHead: () => receiver.patience.touch(),
    onEvent: (event) => {
      receiver.take(event.data);
      if (receiver.settled()) setTimeout(exchange.abort, LINGER_MS).unref();
    },
  });
  void exchange.reply.then((reply) => {
    if (!('fault' in reply) && !reply.streamed && isJson(reply.headers)) receiver.take(reply.body);
    // Making an error is not free, and nearly every exchange has its answer by now.
    if (!receiver.settled()) receiver.fail(faultOf(reply));
  });
  return receiver.answer;
}
