/** HTTP exactly as a test writes it: any path, any header, any bytes. */
import { request } from 'node:http';
import { connect } from 'node:net';

export interface HttpRequest {
  readonly method?: string;
  /** Sent as it is, not normalised. */
  readonly path?: string;
  readonly headers?: Record<string, string | string[]>;
  readonly body?: string | Buffer;
}

export interface HttpResponse {
  readonly status: number;
  readonly headers: Record<string, string | string[] | undefined>;
  readonly text: string;
}

export function sendHttp(
  url: string,
  { method = 'GET', path = '/', headers = {}, body }: HttpRequest,
): Promise<HttpResponse> {
  const { hostname, port } = new URL(url);
  return new Promise((resolve, reject) => {
    const sent = request({ host: hostname, port, path, method, headers, agent: false }, (response) => {
      let text = '';
      response.on('data', (chunk: Buffer) => (text += chunk.toString()));
      response.on('end', () => resolve({ status: response.statusCode ?? 0, headers: response.headers, text }));
      response.on('error', reject);
    });
    sent.on('error', reject);
    sent.end(body);
  });
}

/**
 * Sends bytes to a socket and reads until the other side closes. A request that keeps its connection must say
 * `Connection: close`; after `ms` the answer is `closed: false`.
 */
export function exchangeBytes(
  url: string,
  bytes: string,
  ms = 15_000,
): Promise<{ readonly text: string; readonly closed: boolean }> {
  const { hostname, port } = new URL(url);
  return new Promise((resolve) => {
    let text = '';
    const socket = connect(Number(port), hostname, () => socket.write(bytes, 'latin1'));
    const timer = setTimeout(() => {
      socket.destroy();
      resolve({ text, closed: false });
    }, ms);
    socket.on('data', (chunk) => (text += chunk.toString('latin1')));
    socket.on('error', () => undefined);
    socket.on('close', () => {
      clearTimeout(timer);
      resolve({ text, closed: true });
    });
  });
}

/** Headers of an MCP client, for a body that is written by hand. */
export const mcpHeaders = (token: string | undefined, more: Record<string, string> = {}): Record<string, string> => ({
  'content-type': 'application/json',
  accept: 'application/json, text/event-stream',
  ...(token !== undefined && { authorization: `Bearer ${token}` }),
  ...more,
});
