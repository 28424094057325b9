/** Requests of `openid-client`: to allowed addresses only, without redirects, bounded in time and size. */
import { createByteBuffer } from '@sallyport/guard';
import type { CustomFetch } from 'openid-client';
import { request } from 'undici';
import { checkedDispatcher } from '@sallyport/server/jwks/fetch-json';

const TIMEOUT_MS = 10_000;
const BYTES_MAX = 256 * 1024;

/** @param issuer the configured issuer, whose documents name the other addresses. */
export const checkedFetch =
  (issuer: string): CustomFetch =>
  async (address, { method, headers, body, signal }) => {
    const url = new URL(address);
    const timeout = AbortSignal.timeout(TIMEOUT_MS);
    const response = await request(url, {
      method: method === 'POST' ? 'POST' : 'GET',
      dispatcher: checkedDispatcher(url, issuer),
      headers: { ...headers, 'accept-encoding': 'identity' },
      body: body instanceof URLSearchParams || typeof body === 'string' ? String(body) : null,
      signal: signal === undefined ? timeout : AbortSignal.any([signal, timeout]),
    });
    const received = createByteBuffer();
    for await (const chunk of response.body as AsyncIterable<Buffer>) {
      if (received.length + chunk.length > BYTES_MAX) throw new Error(`the answer is larger than ${BYTES_MAX} bytes`);
      received.append(chunk);
    }
    const entries = Object.entries(response.headers).flatMap(([name, value]) =>
      [value ?? []].flat().map((text): [string, string] => [name, text]),
    );
    const hasBody = response.statusCode !== 204 && response.statusCode !== 304;
    return new Response(hasBody ? new Uint8Array(received.take()) : null, {
      status: response.statusCode,
      headers: entries,
    });
  };
