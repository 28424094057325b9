/**
 * Fetches a small document from an address that somebody else named. Only https is allowed (http where the issuer
 * itself is loopback). A host name is resolved once, every address is checked, and the socket connects to a checked
 * one. No redirect is followed; size and time are bounded.
 */
import { createByteBuffer, isLoopback } from '@sallyport/guard';
import { createDialler, refuseAddress } from '../http/index.ts';
import { Agent, request } from 'undici';

const BYTES_MAX = 256 * 1024;
/** How long one document may take. */
export const FETCH_TIMEOUT_MS = 5_000;

const publicAgent = new Agent({ connect: createDialler({ timeoutMs: FETCH_TIMEOUT_MS }) });
const namedAgent = new Agent({ connect: createDialler({ isInternal: () => true, timeoutMs: FETCH_TIMEOUT_MS }) });

/**
 * How an address that a document of an issuer names may be reached.
 *
 * @param issuer the configured issuer. On its own host private addresses are allowed, because the operator named it; a
 * metadata service is not.
 * @throws Error when the address is not allowed.
 */
export function checkedDispatcher(url: URL, issuer: string): Agent {
  const isIssuerHost = url.hostname === new URL(issuer).hostname;
  if (url.protocol !== 'https:' && !(url.protocol === 'http:' && isLoopback(url.hostname) && isIssuerHost))
    throw new Error('only https is allowed');
  if (url.username !== '' || url.password !== '') throw new Error('the address must not carry credentials');
  // Said before a pool is made for the address; the dialler says the same.
  refuseAddress(url.hostname, isIssuerHost);
  return isIssuerHost ? namedAgent : publicAgent;
}

/** @throws Error when the address is not allowed or the answer is not a small JSON document. */
export async function fetchJson(url: URL, issuer: string): Promise<unknown> {
  const { statusCode, headers, body } = await request(url, {
    dispatcher: checkedDispatcher(url, issuer),
    signal: AbortSignal.timeout(FETCH_TIMEOUT_MS),
    headers: { accept: 'application/json', 'accept-encoding': 'identity' },
  });
  const received = createByteBuffer();
  for await (const chunk of body as AsyncIterable<Buffer>) {
    if (received.length + chunk.length > BYTES_MAX) throw new Error(`the document is larger than ${BYTES_MAX} bytes`);
    received.append(chunk);
  }
  if (statusCode !== 200 || headers['content-encoding'] !== undefined) throw new Error(`the answer was ${statusCode}`);
  return JSON.parse(received.take().toString()) as unknown;
}
