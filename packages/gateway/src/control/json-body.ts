/** The body of a request to the control API: UTF-8 JSON, bounded, and readable in one way only. */
import type { IncomingMessage } from 'node:http';
import { GuardError, type Json } from '@sallyport/guard';
import { parseStrict } from '@sallyport/guard/json';
import { readRawBody } from '@sallyport/server/listen/raw-body';
import { ApiProblem } from './problem.ts';

const BODY_BYTES_MAX = 64 * 1024;
const DEPTH_MAX = 32;
const KEYS_MAX = 1_000;

/**
 * Reads at most 64 KiB, 32 levels deep. A request without a body has the body `undefined`.
 *
 * @throws ApiProblem for everything else.
 */
export async function readJsonBody(request: IncomingMessage): Promise<Json | undefined> {
  const { 'content-length': length, 'transfer-encoding': transferEncoding } = request.headers;
  if (transferEncoding === undefined && (length === undefined || length === '0')) return undefined;
  if (!isJson(request)) throw new ApiProblem('UNSUPPORTED_MEDIA_TYPE');
  if (Number(length ?? 0) > BODY_BYTES_MAX) throw tooLarge();
  const bytes = await readBytes(request);
  try {
    return parseStrict(bytes, { bytesMax: BODY_BYTES_MAX, depthMax: DEPTH_MAX, keysMax: KEYS_MAX }).value;
  } catch (thrown) {
    if (thrown instanceof GuardError)
      throw new ApiProblem('INVALID_REQUEST', { detail: 'The body is not valid JSON.' });
    throw thrown;
  }
}

function isJson({ headers }: IncomingMessage): boolean {
  const encoding = headers['content-encoding'];
  if (encoding !== undefined && encoding !== 'identity') return false;
  return /^application\/json\s*(;\s*charset="?utf-8"?\s*)?$/i.test(headers['content-type'] ?? '');
}

async function readBytes(request: IncomingMessage): Promise<Buffer> {
  const body = await readRawBody(request, BODY_BYTES_MAX).catch(() => {
    throw new ApiProblem('INVALID_REQUEST', { detail: 'The body ended early.' });
  });
  if (body === undefined) throw tooLarge();
  return body;
}

const tooLarge = (): ApiProblem =>
  new ApiProblem('PAYLOAD_TOO_LARGE', { detail: `The body has more than ${BODY_BYTES_MAX} bytes.` });
