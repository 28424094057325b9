/**
 * What never reaches a handler gets a short answer without an echo, and the connection ends: bytes that the strict parser
 * could not read, a request without Host, an expectation. It carries the headers of every other answer.
 */
import { randomUUID } from 'node:crypto';
import { STATUS_CODES, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';
import { SECURITY_HEADERS, setSecurityHeaders, STRICT_TRANSPORT_SECURITY } from './security-headers.ts';

const STATUS: Readonly<Record<string, number>> = {
  HPE_HEADER_OVERFLOW: 431,
  HPE_CHUNK_EXTENSIONS_OVERFLOW: 413,
  ERR_HTTP_REQUEST_TIMEOUT: 408,
};

export function refuseUnreadable(server: Server, tls: boolean): void {
  const always = { ...SECURITY_HEADERS, ...(tls && { 'Strict-Transport-Security': STRICT_TRANSPORT_SECURITY }) };
  server.on('clientError', (error: NodeJS.ErrnoException, socket: Duplex) => {
    // Bytes written into an answer that is under way would be read as a part of it.
    const underWay =
      (socket as Duplex & { _httpMessage?: { headersSent: boolean } })._httpMessage?.headersSent === true;
    if (error.code === 'ECONNRESET' || !socket.writable || underWay) {
      socket.destroy();
      return;
    }
    const status = STATUS[error.code ?? ''] ?? 400;
    const headers = Object.entries({ ...always, 'X-Correlation-ID': randomUUID() })
      .map(([name, value]) => `${name}: ${value}\r\n`)
      .join('');
    socket.end(
      `HTTP/1.1 ${status} ${STATUS_CODES[status] ?? ''}\r\n${headers}Connection: close\r\nContent-Length: 0\r\n\r\n`,
      () => socket.destroy(),
    );
  });
  server.on('checkExpectation', (request: IncomingMessage, response: ServerResponse) => {
    if (tls) response.setHeader('Strict-Transport-Security', STRICT_TRANSPORT_SECURITY);
    refuse(request, response, 417);
  });
}

/** RFC 9112 section 3.2. Node's own check answers without our headers, so it is off. */
export const lacksHost = (request: IncomingMessage): boolean =>
  request.headers.host === undefined && request.httpVersion !== '1.0';

export function refuse(request: IncomingMessage, response: ServerResponse, status: number): void {
  setSecurityHeaders(request, response);
  response.writeHead(status, { Connection: 'close', 'Content-Length': 0 }).end(() => request.destroy());
}
