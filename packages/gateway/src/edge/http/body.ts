/** Reads a request body, whole and bounded. */
import type { IncomingMessage } from 'node:http';
import { GuardError } from '@sallyport/guard';

/**
 * @throws GuardError `unsupported_media_type`, `payload_too_large`, or `invalid_request` when the client disconnects
 * before the end.
 */
export function readBody(request: IncomingMessage, bytesMax: number): Promise<Buffer> {
  checkMediaType(request);
  const contentLength = Number(request.headers['content-length'] ?? 0);
  if (contentLength > bytesMax) return Promise.reject(new GuardError('payload_too_large'));
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let bytes = 0;
    const rejectIncomplete = (): void =>
      reject(new GuardError('invalid_request', { message: 'The body ended early.' }));
    request.on('data', (chunk: Buffer) => {
      bytes += chunk.length;
      if (bytes > bytesMax) {
        request.pause();
        reject(new GuardError('payload_too_large'));
      } else chunks.push(chunk);
    });
    request.on('end', () => resolve(chunks.length === 1 ? (chunks[0] as Buffer) : Buffer.concat(chunks)));
    request.on('error', rejectIncomplete);
    request.on('aborted', rejectIncomplete);
  });
}

/** H10, H11: JSON in UTF-8, not compressed. */
function checkMediaType(request: IncomingMessage): void {
  const type = request.headers['content-type'] ?? '';
  if (!/^application\/json\s*(;\s*charset="?utf-8"?\s*)?$/i.test(type)) throw new GuardError('unsupported_media_type');
  const encoding = request.headers['content-encoding'];
  if (encoding !== undefined && encoding !== 'identity') throw new GuardError('unsupported_media_type');
}
