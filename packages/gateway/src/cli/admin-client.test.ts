/** Requests of commands to the control API: what a person is told when it refuses. */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect, it } from 'vitest';
import { adminRequest } from './admin-client.ts';

it('a key without a scope for the control API is told what it lacks', async () => {
  const server = createServer((_request, response) => void response.writeHead(401).end());
  await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve));
  const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  await expect(adminRequest({ origin, token: 'tok-1' }, '/api/v1/approvals')).rejects.toThrow(
    'An API key needs a scope for it, such as control:approver (sallyport keys create --scope control:approver …)',
  );
  server.close();
});
