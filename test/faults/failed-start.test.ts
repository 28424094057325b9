/** L9: a start that fails half-way ends: nothing stays open, and the next start finds the way free. */
import { createServer } from 'node:net';
import { once } from 'node:events';
import { expect, it } from 'vitest';
import { openInstallation, startGatewayProcess } from '../attacks/installation.ts';

it('L9: when the admin port is taken the process ends and says so; with the port free it starts', async () => {
  const installation = await openInstallation({ servers: {}, settings: { log: { level: 'error' } } });
  const taken = createServer().listen(Number(new URL(installation.adminUrl).port), '127.0.0.1');
  try {
    await once(taken, 'listening');
    await expect(startGatewayProcess(installation)).rejects.toThrow(/ended \(1\): .*admin: .* is in use/s);
    await new Promise((resolve) => taken.close(resolve));
    await (await startGatewayProcess(installation)).stop();
  } finally {
    taken.close();
    await installation.close();
  }
});
