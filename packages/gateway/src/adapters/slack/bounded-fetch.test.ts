/** What answers at the address of Slack without end. */
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { WebClient } from '@slack/web-api';
import { expect, it } from 'vitest';
import { ANSWER_BYTES_MAX } from '../../channels/read-bounded.ts';
import { boundedFetch } from './bounded-fetch.ts';

it('B2 an answer without end is left after a megabyte', async () => {
  let sent = 0;
  const server = createServer((_request, response) => {
    const piece = Buffer.alloc(65_536, ' ');
    const write = (): void => {
      do sent += piece.length;
      while (response.write(piece));
    };
    response.on('drain', write);
    write();
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  const slackApiUrl = `http://127.0.0.1:${(server.address() as AddressInfo).port}/api/`;
  try {
    const client = new WebClient('xoxb-1', { slackApiUrl, fetch: boundedFetch, retryConfig: { retries: 0 } });
    await expect(client.users.info({ user: 'U1' })).rejects.toThrow(`larger than ${ANSWER_BYTES_MAX} bytes`);
    // What the sockets hold besides.
    expect(sent).toBeLessThan(16 * ANSWER_BYTES_MAX);
  } finally {
    server.closeAllConnections();
    server.close();
  }
});
