/** What the composition must not leave out. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Call, type Outcome } from '@sallyport/guard';
import { systemClock } from '@sallyport/guard/memory';
import { mintApiKey } from '@sallyport/guard/stages';
import { expect, it } from 'vitest';
import { openAuditLog } from '@sallyport/server/segments/log';
import { loadConfig } from './config.ts';
import { createGuardedUpstreams, openResources } from './gateway.ts';

const callOf = (token: string): Call => ({
  method: 'tools/list',
  target: { kind: 'servers', servers: [] },
  params: {},
  rawArguments: undefined,
  credentials: { kind: 'bearer', token },
  session: undefined,
  deadlineMs: Number.POSITIVE_INFINITY,
  signal: new AbortController().signal,
  origin: {
    transport: 'http',
    era: 'modern',
    protocolVersion: '2026-07-28',
    address: '127.0.0.1',
    correlationId: 'c',
    traceparent: undefined,
    clientInfo: undefined,
  },
});

it('B7 a tenant that had more recorded than its share of the disk is refused, and others are not', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'sallyport-composition-'));
  const file = join(folder, 'sallyport.yaml');
  const settings = {
    data: join(folder, 'data'),
    tenants: ['acme', 'globex'],
    identity: { apiKeys: true },
    servers: {},
  };
  writeFileSync(file, JSON.stringify(settings));
  const loaded = loadConfig(file, {});
  if ('errors' in loaded) throw new Error(JSON.stringify(loaded.errors));
  const resources = await openResources(loaded.snapshot, systemClock, openAuditLog, () => 0);
  const { guard } = createGuardedUpstreams(resources);
  const statusOf = async (tenant: string): Promise<Outcome['status'] | string> => {
    const { text, key } = mintApiKey({
      tenant,
      subject: 'ci',
      name: 'CI',
      roles: [],
      scopes: [],
      tier: undefined,
      createdAtMs: Date.now(),
      expiresAtMs: undefined,
    });
    await resources.store.keys.put(key);
    const outcome = await guard.run(callOf(text), async () => ({ value: {} }));
    return outcome.status === 'success' ? outcome.status : outcome.error.message;
  };
  expect([await statusOf('acme'), await statusOf('globex')]).toEqual(['success', 'success']);
  resources.logShares.recorded('acme', { unmapped: {} }, 1e15);
  expect([await statusOf('acme'), await statusOf('globex')]).toEqual([
    'Too many bytes of this tenant were recorded for the space that is left.',
    'success',
  ]);
  await resources.strangers.close();
  await resources.audit.close();
  resources.logShares.close();
  resources.store.close();
  rmSync(folder, { recursive: true, force: true });
});
