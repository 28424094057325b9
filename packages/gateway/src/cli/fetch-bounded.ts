/** Fetches small documents for a command. */

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
  const pieces: Uint8Array[] = [];
  let bytes = 0;
  for await (const piece of response.body ?? []) {
    bytes += piece.length;
    if (bytes > BYTES_MAX) throw new Error(`${url} answered more than ${BYTES_MAX} bytes`);
    pieces.push(piece);
  }
  return { status: response.status, body: Buffer.concat(pieces) };
}
