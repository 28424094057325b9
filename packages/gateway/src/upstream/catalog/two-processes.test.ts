/** Pins in the store that the command line writes: a running gateway notices, and a restarted one remembers. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { openStore } from '../../adapters/sqlite/store.ts';
import { fakeHttp, tool } from '../testing/fake-http.mts';
import { http, rigOf, serverOf, type memoryPins } from '../testing/harness.mts';

it('an approval by another process is noticed, and pins survive a restart', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'pins-'));
  const fake = await fakeHttp();
  const file = join(folder, 'sallyport.db');
  const [gateway, commandLine] = [openStore(file), openStore(file)];
  const servers = [serverOf('s', http(fake.url), { pin: 'approval', verifyMs: 0 })];
  const rig = rigOf(servers, gateway.pins as ReturnType<typeof memoryPins>);
  await rig.discover();
  expect(await rig.list('tools/list', ['s'])).toEqual([]);
  for (const { seenAt: _seen, ...pin } of commandLine.pins.pending()) commandLine.pins.approve({ ...pin, approvedAt: 1, approvedBy: 'cli:op' });
  await new Promise((resolve) => setTimeout(resolve, 80));
  expect(await rig.list('tools/list', ['s'])).toEqual(['echo']);
  await rig.close();
  gateway.close();
  const restarted = openStore(file);
  const again = rigOf(servers, restarted.pins as ReturnType<typeof memoryPins>);
  expect(again.upstreams.catalog.find({ kind: 'tool', server: 's', name: 'echo' })?.document).toEqual(tool('echo'));
  fake.tools = () => [tool('echo', { title: 'changed while it was down' })];
  await expect(again.tool('s', 'echo', {})).rejects.toMatchObject({ code: 'quarantined' });
  await again.close();
  restarted.close();
  commandLine.close();
  await fake.close();
  rmSync(folder, { recursive: true });
});
