/** Answers of the services behind channels: whatever answers at their address cannot fill the memory. */
import { createByteBuffer } from '@sallyport/guard';

/** What they answer is a few kilobytes; the profile of a user is the largest. */
export const ANSWER_BYTES_MAX = 1024 * 1024;

/** Reads a whole answer. @throws Error for one that is too large. */
export async function readBounded(pieces: AsyncIterable<Uint8Array>): Promise<Buffer> {
  const received = createByteBuffer();
  for await (const piece of pieces) {
    if (received.length + piece.length > ANSWER_BYTES_MAX)
      throw new Error(`the answer is larger than ${ANSWER_BYTES_MAX} bytes`);
    received.append(Buffer.from(piece.buffer, piece.byteOffset, piece.byteLength));
  }
  return received.take();
}
