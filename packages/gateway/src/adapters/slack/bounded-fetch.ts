/** Requests to Slack: whatever answers at its address cannot fill the memory. */
import type { FetchFunction } from '@slack/web-api';
import { createByteBuffer } from '@sallyport/guard';

/** What Slack answers is a few kilobytes; the profile of a user is the largest. */
export const ANSWER_BYTES_MAX = 1024 * 1024;

/** Reads the whole answer, within the time of the request. @throws Error for one that is too large. */
export const boundedFetch: FetchFunction = async (url, init = {}) => {
  const response = await fetch(url, init as RequestInit);
  const received = createByteBuffer();
  for await (const piece of response.body ?? []) {
    if (received.length + piece.length > ANSWER_BYTES_MAX)
      throw new Error(`the answer is larger than ${ANSWER_BYTES_MAX} bytes`);
    received.append(Buffer.from(piece.buffer, piece.byteOffset, piece.byteLength));
  }
  return new Response(new Uint8Array(received.take()), { status: response.status, headers: response.headers });
};
