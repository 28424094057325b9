/** The body of an admin request: UTF-8 JSON, bounded, and readable in one way only. */
import type { IncomingMessage } from 'node:http';
import { createByteBuffer, GuardError, type Json } from '@sallyport/guard';
import { parseStrict } from '@sallyport/guard/json';
import { jsonResponse, type EndpointResponse } from './endpoint.ts';

const BODY_BYTES_MAX = 64 * 1024;
const DEPTH_MAX = 32;
const KEYS_MAX = 1_000;

const TOO_LARGE = jsonResponse(413, { error: `the body is larger than ${BODY_BYTES_MAX} bytes` });
const WRONG_TYPE = jsonResponse(415, { error: 'the body must be UTF-8 application/json without content encoding' });
const NOT_JSON = jsonResponse(400, { error: 'the body is not valid JSON' });
const INCOMPLETE = jsonResponse(400, { error: 'the body ended early' });

/** The parsed body, or the response that refuses it. */
export type JsonBody = { readonly body: Json | undefined } | { readonly refusal: EndpointResponse };

/** Reads at most 64 KiB, 32 levels deep. A request without a body has the body `undefined`. Never rejects. */
export async function readJsonBody(request: IncomingMessage): Promise<JsonBody> {
  const { 'content-length': length, 'transfer-encoding': transferEncoding } = request.headers;
  if (transferEncoding === undefined && (length === undefined || length === '0')) return { body: undefined };
  if (!isJson(request)) return { refusal: WRONG_TYPE };
  if (Number(length ?? 0) > BODY_BYTES_MAX) return { refusal: TOO_LARGE };
  const bytes = await readBytes(request);
  if (!Buffer.isBuffer(bytes)) return { refusal: bytes };
  try {
    return { body: parseStrict(bytes, { bytesMax: BODY_BYTES_MAX, depthMax: DEPTH_MAX, keysMax: KEYS_MAX }).value };
  } catch (thrown) {
    if (thrown instanceof GuardError) return { refusal: NOT_JSON };
    throw thrown;
  }
}

function isJson({ headers }: IncomingMessage): boolean {
  const encoding = headers['content-encoding'];
  if (encoding !== undefined && encoding !== 'identity') return false;
  return /^application\/json\s*(;\s*charset="?utf-8"?\s*)?$/i.test(headers['content-type'] ?? '');
}

async function readBytes(request: IncomingMessage): Promise<Buffer | EndpointResponse> {
  const body = createByteBuffer();
  try {
    // The request is not destroyed when it is too large, because the response goes out on the same socket.
    for await (const chunk of request.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>) {
      if (body.length + chunk.length > BODY_BYTES_MAX) return TOO_LARGE;
      body.append(chunk);
    }
  } catch {
    return INCOMPLETE;
  }
  return body.take();
}
