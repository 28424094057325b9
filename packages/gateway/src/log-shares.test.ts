import { expect, it } from 'vitest';
import type { AuditRecord, Identity } from '@sallyport/guard';
import { createLogShares, watchFreeSpace } from './log-shares.ts';

const MIB = 1024 * 1024;
const ISSUER = 'https://issuer.test';

function open(freeBytes: number) {
  let nowMs = 0;
  let bytes = freeBytes;
  const shares = createLogShares(
    { bytes: () => bytes, written: (written) => void (bytes -= written), close: () => undefined },
    () => nowMs,
  );
  const identity = (tenant: string, subject: string, clientId = 'c'): Identity =>
    ({
      principal: { user: { issuer: ISSUER, subject }, agent: { clientId, actors: [] } },
      tenant: { id: tenant },
    }) as unknown as Identity;
  const record = (tenant: string, subject: string, size: number): void => {
    const content = { unmapped: { user: { issuer: ISSUER, subject } } } as unknown as AuditRecord;
    shares.recorded(tenant, content, size);
  };
  /** Records a MiB at a time until it is refused. @returns how many. */
  const fill = (tenant: string, subject: string): number => {
    for (let recorded = 0; recorded < 10_000; recorded++)
      try {
        shares.check(identity(tenant, subject, `client ${recorded}`));
        record(tenant, subject, MIB);
      } catch (thrown) {
        expect(thrown).toMatchObject({ code: 'rate_limited' });
        return recorded;
      }
    throw new Error('never refused');
  };
  const later = (hours: number): void => void (nowMs += hours * 3_600_000);
  return { later, shares, identity, record, fill, free: () => bytes };
}

it('B7 a user, whatever its client ids, and a tenant leave space for the records of others', () => {
  const { fill, free, shares, identity } = open(1_000 * MIB);
  expect(fill('acme', 'alice')).toBe(501);
  expect(fill('acme', 'bob')).toBeGreaterThan(50);
  for (let user = 0; user < 20; user++) fill('acme', `user ${user}`);
  expect(free()).toBeGreaterThan(250 * MIB);
  expect(fill('globex', 'carol')).toBeGreaterThan(100);
  expect(() => shares.check(identity('initech', 'dave'))).not.toThrow();
});

it('B7 who had little recorded is not refused on a disk that is nearly full', () => {
  const { shares, identity, record, fill } = open(1);
  record('globex', 'carol', 10 * MIB);
  expect(() => shares.check(identity('globex', 'carol'))).not.toThrow();
  expect(fill('acme', 'alice')).toBe(17);
});

it('B7 what is older than a day does not count', () => {
  const { later, fill } = open(100 * MIB);
  expect(fill('acme', 'alice')).toBe(51);
  later(23);
  expect(fill('acme', 'alice')).toBe(0);
  later(1);
  expect(fill('acme', 'alice')).toBeGreaterThan(0);
  later(10_000);
  expect(fill('acme', 'alice')).toBeGreaterThan(0);
});

it('B7 a folder whose disk cannot be read has space', () => {
  const free = watchFreeSpace('/does/not/exist');
  expect(free.bytes()).toBe(Number.POSITIVE_INFINITY);
  free.written(1_000);
  expect(free.bytes()).toBe(Number.POSITIVE_INFINITY);
  free.close();
  const here = watchFreeSpace(import.meta.dirname);
  const before = here.bytes();
  expect(before).toBeLessThan(Number.POSITIVE_INFINITY);
  here.written(1_000);
  expect(here.bytes()).toBe(before - 1_000);
  here.close();
});
