/** Fetches small documents for a command. */
import { createByteBuffer } from '@sallyport/guard';

const BYTES_MAX = 16 * 1024 * 1024;
const TIMEOUT_MS = 30_000;

/** What an address answered. */
export interface Fetched {
  readonly status: number;
  readonly body: Buffer;
}

/** @throws Error when nothing answers in time, with a redirect, or with too many bytes. */
export async function fetchBounded(url: string, init: RequestInit = {}): Promise<Fetched> {
  const response = await fetch(url, { ...init, redirect: 'error', signal: AbortSignal.timeout(TIMEOUT_MS) });
  const received = createByteBuffer();
  for await (const piece of response.body ?? []) {
    if (received.length + piece.length > BYTES_MAX) throw new Error(`${url} answered more than ${BYTES_MAX} bytes`);
    received.append(Buffer.from(piece.buffer, piece.byteOffset, piece.byteLength));
  }
  return { status: response.status, body: received.take() };
}
