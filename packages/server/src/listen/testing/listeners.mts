/** Listeners for tests, which are closed after each test, and raw connections to them. */
import { connect, type Socket } from 'node:net';
import { afterEach } from 'vitest';
import type { ListenSettings } from '../settings.ts';
import { openListener, type Handler, type Listener } from '../listener.ts';
import type { SocketLimits } from '../socket-limits.ts';

const opened: Listener[] = [];
afterEach(async () => {
  await Promise.all(opened.splice(0).map((listener) => listener.close()));
});

export const listenSettings = (over: Partial<ListenSettings> = {}): ListenSettings => ({
  host: '127.0.0.1',
  port: 0,
  tls: undefined,
  behindTlsProxy: false,
  ...over,
});
/** Reads the request and responds with `hello`. */
export const respondHello: Handler = (request, response) => {
  request.resume();
  request.on('end', () => response.end('hello'));
};
/** Opens a listener on a free port of 127.0.0.1. */
export async function open(
  options: {
    handler?: Handler;
    limits?: Partial<SocketLimits>;
    settings?: Partial<ListenSettings>;
    log?: (level: string, message: string) => void;
  } = {},
): Promise<Listener> {
  const listener = await openListener({
    settings: listenSettings(options.settings),
    handler: options.handler ?? respondHello,
    name: 'gateway',
    limits: { drainMs: 500, ...options.limits },
    ...(options.log ? { log: options.log } : {}),
  });
  opened.push(listener);
  return listener;
}
export const portOf = (listener: Listener): number => Number(new URL(listener.url).port);

/**
 * Sends bytes as they are (and `later` after 100 ms), and collects what is received until the peer closes or
 * `timeoutMs` pass.
 */
export function sendBytes(
  listener: Listener,
  bytes: string,
  timeoutMs = 3000,
  later = '',
): Promise<{ text: string; closed: boolean }> {
  return new Promise((resolve) => {
    let text = '';
    const socket: Socket = connect(portOf(listener), '127.0.0.1', () => socket.write(bytes, 'latin1'));
    const timer = setTimeout(() => {
      socket.destroy();
      resolve({ text, closed: false });
    }, timeoutMs);
    if (later !== '') setTimeout(() => socket.write(later, 'latin1'), 100);
    socket.on('data', (chunk) => (text += chunk.toString('latin1')));
    socket.on('error', () => undefined);
    socket.on('close', () => {
      clearTimeout(timer);
      resolve({ text, closed: true });
    });
  });
}
