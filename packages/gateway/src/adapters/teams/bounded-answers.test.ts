/** What answers at the addresses of Microsoft without end. */
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect, it } from 'vitest';
import { ANSWER_BYTES_MAX } from '../../channels/read-bounded.ts';
import { createConnector } from './connector.ts';

it.each(['/oauth2/v2.0/token', '/activities'])(
  'B2 an answer without end of %s is left after a megabyte',
  async (path) => {
    let sent = 0;
    const server = createServer((request, response) => {
      request.resume();
      if (request.url?.endsWith(path) !== true) {
        response.end(JSON.stringify({ access_token: 'token', expires_in: 3_600 }));
        return;
      }
      const piece = Buffer.alloc(65_536, ' ');
      const write = (): void => {
        do sent += piece.length;
        while (response.write(piece));
      };
      response.on('drain', write);
      write();
    });
    await once(server.listen(0, '127.0.0.1'), 'listening');
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    const bot = { appId: 'bot', appSecret: 'secret', tenantId: 'acme', conversation: 'c', tenants: undefined };
    try {
      const connector = createConnector({ ...bot, serviceUrl: url, login: url, metadata: url });
      await expect(connector.post({})).rejects.toThrow(`larger than ${ANSWER_BYTES_MAX} bytes`);
      // What the sockets hold besides.
      expect(sent).toBeLessThan(16 * ANSWER_BYTES_MAX);
    } finally {
      server.closeAllConnections();
      server.close();
    }
  },
);
