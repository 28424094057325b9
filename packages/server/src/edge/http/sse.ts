/** Server-sent events on an HTTP response: bounded, kept alive, and attached to a stream that can be resumed. */
import type { ServerResponse } from 'node:http';
import { EVENT_STREAM } from '../../mcp/headers.ts';
import { eventId, type Stream } from '../sessions/streams.ts';

const QUEUE_BYTES_MAX = 1024 * 1024;
const KEEP_ALIVE_MS = 15_000;
const RETRY_MS = 1_000;

/** Starts the response. @returns the timer of its keep-alive comments, which also ends with the response. */
export function openSse(response: ServerResponse, headers: Record<string, string>): NodeJS.Timeout {
  response.writeHead(200, { ...headers, 'Content-Type': EVENT_STREAM, 'X-Accel-Buffering': 'no' });
  response.flushHeaders();
  const timer = setInterval(() => writeBounded(response, ': keep-alive\n\n'), KEEP_ALIVE_MS);
  timer.unref();
  response.once('close', () => clearInterval(timer));
  return timer;
}

/** H9: what a client does not read is kept up to a bound; beyond it the connection is closed. */
export function writeBounded(response: ServerResponse, text: string): void {
  if (response.destroyed || response.writableEnded) return;
  if (response.writableLength > QUEUE_BYTES_MAX) response.destroy();
  else response.write(text);
}

/** An event that cannot be resumed from. @param data JSON without line breaks. */
export const messageEvent = (data: string): string => `event: message\ndata: ${data}\n\n`;

/** 2025-11-25: an event without data tells the client at once where to resume, and after how many milliseconds. */
export const primingEvent = (stream: Stream): string => `id: ${eventId(stream, 0)}\nretry: ${RETRY_MS}\ndata: \n\n`;

/** Makes a response the connection of a stream until it closes; the previous connection is ended. */
export function attach(stream: Stream, response: ServerResponse): void {
  stream.disconnect?.();
  const write = (text: string): void => writeBounded(response, text);
  stream.write = write;
  stream.disconnect = () => void response.end();
  response.once('close', () => {
    if (stream.write !== write) return;
    stream.write = undefined;
    stream.disconnect = undefined;
  });
}
