/** The bytes of a body, bounded. */
import type { IncomingMessage } from 'node:http';
import { createByteBuffer } from '@sallyport/guard';

/**
 * @returns `undefined` for a body that is longer.
 * @throws Error for one that ends early.
 */
export async function readRawBody(request: IncomingMessage, bytesMax: number): Promise<Buffer | undefined> {
  const body = createByteBuffer();
  // The request is not destroyed when it is too large, because the response goes out on the same socket.
  for await (const chunk of request.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>) {
    if (body.length + chunk.length > bytesMax) return undefined;
    body.append(chunk);
  }
  return body.take();
}
