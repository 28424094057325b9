/** B2: what a client does not read of its answer is memory of its tenant, as the bytes of its message were. */
import type { ServerResponse } from 'node:http';
import type { BodyShare } from '../bytes-under-way.ts';

/** Less than this fits into the buffers of nearly every system, so that it is not counted. */
const UNCOUNTED_BYTES_MAX = 64 * 1024;

/**
 * Counts nothing of the message any more, and what waits of the answer until the client has read it or is gone. Beyond
 * the share the connection ends: the call was recorded, and its caller has others to read first.
 */
export function releaseWhenRead(response: ServerResponse, share: BodyShare): void {
  share.release();
  const bytes = response.writableLength;
  if (bytes <= UNCOUNTED_BYTES_MAX || response.destroyed) return;
  try {
    share.take(bytes);
  } catch {
    response.destroy();
    return;
  }
  response.once('close', () => share.release());
}
