import { expect, it } from 'vitest';
import type { AuditRecord, JsonObject } from '@sallyport/guard';
import { logRecord } from '@sallyport/guard/audit';
import { createManualClock, createMemoryAuditLog } from '@sallyport/guard/memory';
import { createRefusedStrangers } from './refused-strangers.ts';

const DAY_MS = 86_400_000;
const MINUTE_MS = 60_000;
const unmapped = (record: AuditRecord | undefined): JsonObject => record?.['unmapped'] as JsonObject;

function open() {
  const clock = createManualClock();
  const audit = createMemoryAuditLog();
  const strangers = createRefusedStrangers(audit, clock, () => undefined);
  const refuse = (address: string, code = 'UNAUTHENTICATED'): void =>
    strangers.add(logRecord('request.rejected', { error_code: code, source_ip: address }, clock.now()), code, address);
  return { clock, audit, strangers, refuse };
}

it('B9 a few refusals are recorded in full, the others are counted in one record', async () => {
  const { audit, strangers, refuse } = open();
  for (let at = 0; at < 100_000; at++) refuse(`10.0.${at % 300}.1`);
  await strangers.close();
  const records = audit.records('_');
  expect(records).toHaveLength(11);
  const summary = unmapped(records.at(-1));
  const groups = summary['groups'] as JsonObject[];
  expect(groups).toHaveLength(100);
  expect(summary['refused']).toBe(99_990);
  const told = groups.reduce((sum, group) => sum + Number(group['refused']), 0);
  expect(told + Number(summary['others'])).toBe(99_990);
});

it('B9 a day of refusals at the full rate stays below 50 MB', async () => {
  const { audit, strangers, refuse } = open();
  for (let at = 0; at < 20_000; at++) refuse(`2001:db8:ffff:ffff:ffff:ffff:${at % 200}:1`);
  await strangers.close();
  const bytesOfInterval = Buffer.byteLength(JSON.stringify(audit.records('_')));
  expect((bytesOfInterval * DAY_MS) / MINUTE_MS).toBeLessThan(50_000_000);
});

it('B9 refusals of the guard are counted where no tenant is known: the gateway and tenants keep their records', async () => {
  const { audit, strangers } = open();
  const refusal = (user: JsonObject): AuditRecord => ({
    actor: { user },
    src_endpoint: { ip: '10.0.0.1' },
    unmapped: {
      status: 'refused',
      error_code: 'UNAUTHENTICATED',
      ...(user['uid'] !== undefined && { user: { issuer: user['domain'] ?? '', subject: user['uid'] } }),
    },
  });
  for (let at = 0; at < 50; at++) {
    await strangers.audit.append('_', refusal({ name: 'unauthenticated' }));
    await strangers.audit.append('_', refusal({ domain: 'urn:sallyport', uid: 'gateway' }));
    await strangers.audit.append('acme', refusal({ domain: 'https://issuer.example', uid: 'alice' }));
    // A valid token whose tenant is unknown, or whose user was refused too often.
    await strangers.audit.append('_', refusal({ domain: 'https://issuer.example', uid: 'mallory' }));
  }
  await strangers.close();
  expect(audit.records('_')).toHaveLength(50 + 10 + 1 + 10 + 1);
  expect(audit.records('acme')).toHaveLength(50);
  const group = (unmapped(audit.records('_').at(-1))['groups'] as JsonObject[])[0];
  expect(group).toMatchObject({ user: 'https://issuer.example mallory', refused: 40 });
});
