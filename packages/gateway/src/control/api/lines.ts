/** A stream of JSON texts, one per line, that is no quicker than its reader. */
import { once } from 'node:events';
import type { IncomingMessage, ServerResponse } from 'node:http';

/**
 * @param lines is ended when the caller goes. An error before the first line is thrown; a later one cuts the stream.
 */
export async function sendLines(
  request: IncomingMessage,
  response: ServerResponse,
  lines: AsyncIterable<unknown>,
): Promise<void> {
  const iterator = lines[Symbol.asyncIterator]();
  let next = await iterator.next();
  response.writeHead(200, { 'Content-Type': 'application/x-ndjson' });
  const closed = once(response, 'close');
  while (next.done !== true && request.method !== 'HEAD') {
    const isFull = !response.write(`${JSON.stringify(next.value)}\n`);
    if (isFull) await Promise.race([once(response, 'drain'), closed]);
    if (response.destroyed) break;
    next = await iterator.next();
  }
  await iterator.return?.();
  response.end();
}
