/**
 * Reads a request body, whole and bounded. It is received from the first moment, so that small chunks are copied
 * together at once, but nothing is read from the socket until the head was judged (B3).
 */
import type { IncomingMessage } from 'node:http';
import { createByteBuffer, GuardError } from '@sallyport/guard';
import { PausableRequest } from '../../listen/pausable-request.ts';
import type { BodyShare } from '../bytes-under-way.ts';

/** A body that is being received. */
export interface ReceivedBody {
  /**
   * Reads the rest.
   *
   * @throws GuardError `payload_too_large`, `unavailable` or `rate_limited` when too many bytes are under way, or
   * `invalid_request` when the client disconnects before the end.
   */
  readonly read: () => Promise<Buffer>;
  /** Keeps nothing of what was received and of what follows. */
  readonly discard: () => void;
}

/** @param share counts the bytes that are kept. */
export function receiveBody(request: IncomingMessage, bytesMax: number, share: BodyShare): ReceivedBody {
  const received = createByteBuffer();
  const { promise, resolve, reject } = Promise.withResolvers<Buffer>();
  let isDiscarded = false;
  let pieces = 0;
  const discard = (): void => {
    isDiscarded = true;
    received.take();
  };
  const refuse = (error: unknown): void => {
    discard();
    request.pause();
    reject(error);
  };
  const keep = (chunk: Buffer): void => {
    if (isDiscarded) return;
    try {
      if (received.length + chunk.length > bytesMax) throw new GuardError('payload_too_large');
      share.take(chunk.length);
      received.append(chunk);
      pieces += 1;
      if (pieces % PIECES_MAX === 0 && request instanceof PausableRequest) waitToReadOn(request, () => isDiscarded);
    } catch (thrown) {
      refuse(thrown);
    }
  };
  const rejectIncomplete = (): void => reject(new GuardError('invalid_request', { message: 'The body ended early.' }));
  // A body that is refused by its head is never awaited.
  promise.catch(() => undefined);
  request.on('data', keep);
  request.on('end', () => resolve(received.take()));
  request.on('error', rejectIncomplete);
  request.on('aborted', rejectIncomplete);
  if (request instanceof PausableRequest) request.holdBody();
  return {
    read: () => {
      if (request instanceof PausableRequest) request.readOn();
      return promise;
    },
    discard,
  };
}

/** What is read from a socket at once has at most some ten thousand pieces; no honest body has so many. */
const PIECES_MAX = 1_000;
const waiting: (() => void)[] = [];

/**
 * B7: each piece costs some microseconds, however small it is. Bodies of very many pieces are read one after the other,
 * one read of a socket in each turn of the event loop, so that any number of them leaves time to everybody else.
 */
function waitToReadOn(request: PausableRequest, isDiscarded: () => boolean): void {
  if (request.isHeld) return;
  request.holdBody();
  waiting.push(() => {
    if (!isDiscarded()) request.readOn();
  });
  if (waiting.length === 1) setImmediate(letOneReadOn);
}

function letOneReadOn(): void {
  waiting.shift()?.();
  if (waiting.length > 0) setImmediate(letOneReadOn);
}

/**
 * H10, H11: JSON in UTF-8, not compressed, and not longer than the limit.
 *
 * @throws GuardError `unsupported_media_type` or `payload_too_large`.
 */
export function checkBodyHead({ headers }: IncomingMessage, bytesMax: number): void {
  if (!/^application\/json\s*(;\s*charset="?utf-8"?\s*)?$/i.test(headers['content-type'] ?? ''))
    throw new GuardError('unsupported_media_type');
  const encoding = headers['content-encoding'];
  if (encoding !== undefined && encoding !== 'identity') throw new GuardError('unsupported_media_type');
  if (declaredBytes(headers) > bytesMax) throw new GuardError('payload_too_large');
}

const DISCARDED_BYTES_MAX = 64 * 1024;

const declaredBytes = (headers: IncomingMessage['headers']): number => Number(headers['content-length'] ?? 0);

/**
 * Whether a refused request leaves its connection usable: its body has arrived, or is so short that reading and
 * dropping it costs less than another connection. Some clients send head and body apart, and a connection that ends
 * between the two loses them the refusal.
 */
export const isShortRest = ({ complete, method, headers }: IncomingMessage): boolean =>
  complete ||
  (method === 'POST' && headers['transfer-encoding'] === undefined && declaredBytes(headers) <= DISCARDED_BYTES_MAX);

/** Lets Node.js drop the short rest of a refused body, so that the next request can be read. */
export function dropRest(request: IncomingMessage): void {
  if (request instanceof PausableRequest) request.readOn();
  request.resume();
}
