/**
 * Requests that reach no handler: bytes that the strict parser cannot read, a missing Host, an expectation. They get a
 * short response without an echo, with the headers of every other response, and the connection ends.
 */
import { randomUUID } from 'node:crypto';
import { STATUS_CODES, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';
import { SECURITY_HEADERS, setSecurityHeaders, STRICT_TRANSPORT_SECURITY } from './security-headers.ts';

/** Errors of Node.js's parser that have a status of their own; every other is 400. */
const STATUS: Readonly<Record<string, number>> = {
  HPE_HEADER_OVERFLOW: 431,
  HPE_CHUNK_EXTENSIONS_OVERFLOW: 413,
  ERR_HTTP_REQUEST_TIMEOUT: 408,
};

/** @param tls whether responses carry `Strict-Transport-Security`. */
export function refuseUnreadable(server: Server, tls: boolean): void {
  const headers = { ...SECURITY_HEADERS, ...(tls && { 'Strict-Transport-Security': STRICT_TRANSPORT_SECURITY }) };
  server.on('clientError', (error: NodeJS.ErrnoException, socket: Duplex) => {
    if (error.code === 'ECONNRESET' || !socket.writable || hasStartedResponse(socket)) socket.destroy();
    else socket.end(rawResponse(STATUS[error.code ?? ''] ?? 400, headers), () => socket.destroy());
  });
  server.on('checkExpectation', (request: IncomingMessage, response: ServerResponse) => {
    if (tls) response.setHeader('Strict-Transport-Security', STRICT_TRANSPORT_SECURITY);
    refuse(request, response, 417);
  });
}

/** Bytes written behind the beginning of a response would be read as a part of it. */
const hasStartedResponse = (socket: Duplex & { readonly _httpMessage?: { readonly headersSent: boolean } }): boolean =>
  socket._httpMessage?.headersSent === true;

function rawResponse(status: number, headers: Readonly<Record<string, string>>): string {
  const lines = Object.entries({ ...headers, 'X-Correlation-ID': randomUUID() })
    .map(([name, value]) => `${name}: ${value}\r\n`)
    .join('');
  const statusLine = `HTTP/1.1 ${status} ${STATUS_CODES[status] ?? ''}`;
  return `${statusLine}\r\n${lines}Connection: close\r\nContent-Length: 0\r\n\r\n`;
}

/** RFC 9112 section 3.2. The check of Node.js is off, because it answers without our headers. */
export const lacksHost = (request: IncomingMessage): boolean =>
  request.headers.host === undefined && request.httpVersion !== '1.0';

/** An empty response, after which the connection ends. */
export function refuse(request: IncomingMessage, response: ServerResponse, status: number): void {
  setSecurityHeaders(request, response);
  response.writeHead(status, { Connection: 'close', 'Content-Length': 0 }).end(() => request.destroy());
}
