/** What every key store promises: the row that was put, the whole row, to exactly who asks for it. */
import { describe, expect, it } from 'vitest';
import type { ApiKey, KeyStore } from '@sallyport/guard';
import { HOSTILE, hundred, opener, type Open } from './opened-port.ts';

const key = (id: string, fields: Partial<ApiKey> = {}): ApiKey => ({
  id,
  hash: `hash of ${id}`,
  tenant: 'acme',
  subject: 'robot',
  name: 'ci',
  roles: ['reader', 'a"b,c'],
  scopes: ['mcp'],
  tier: 'gold',
  createdAtMs: 1_700_000_000_000,
  expiresAtMs: 1_800_000_000_000,
  revokedAtMs: undefined,
  ...fields,
});
const ids = (keys: readonly ApiKey[]): string[] => keys.map(({ id }) => id).sort();

export function keysContract(name: string, open: Open<KeyStore>): void {
  const fresh = opener<KeyStore, Awaited<ReturnType<typeof open>>>(open);

  describe(`${name} is a key store`, () => {
    it('returns every field as it was stored', async () => {
      const { port } = await fresh();
      const rows = [
        key('full'),
        key('bare', { roles: [], scopes: [], tier: undefined, expiresAtMs: undefined }),
        key('ended', { revokedAtMs: 1_700_000_000_001 }),
        key('strange', {
          tenant: "a'b",
          subject: 'ü\u0301"; --',
          name: '',
          roles: ['__proto__', 'constructor', ''],
          tier: '',
        }),
        key('late', { createdAtMs: 0, expiresAtMs: Number.MAX_SAFE_INTEGER }),
      ];
      for (const row of rows) await port.put(row);
      for (const row of rows) expect(await port.find(row.id)).toEqual(row);
    });

    it('J1 finds stored keys only, each under its own id', async () => {
      const { port } = await fresh();
      for (const id of ['', ...HOSTILE]) expect([id, await port.find(id)]).toEqual([id, undefined]);
      for (const id of HOSTILE) await port.put(key(id));
      for (const id of HOSTILE) expect(await port.find(id)).toEqual(key(id));
      expect(ids(await port.list(undefined))).toEqual([...HOSTILE].sort());
    });

    it('A30 finds a revoked key as revoked at once, and lists it once', async () => {
      const { port } = await fresh();
      await port.put(key('a'));
      await port.put(key('b'));
      await port.put(key('a', { revokedAtMs: 5 }));
      expect(await port.find('a')).toEqual(key('a', { revokedAtMs: 5 }));
      expect(await port.find('b')).toEqual(key('b'));
      expect(ids(await port.list('acme'))).toEqual(['a', 'b']);
    });

    it('A15 lists the keys of one tenant, and none for an unknown tenant, whatever its name', async () => {
      const { port } = await fresh();
      await port.put(key('a', { tenant: 'acme' }));
      await port.put(key('b', { tenant: 'a:b', subject: 'c' }));
      await port.put(key('c', { tenant: 'a', subject: 'b:c' }));
      await port.put(key('d', { tenant: '__proto__' }));
      for (const [tenant, expected] of [
        ['acme', ['a']],
        ['a:b', ['b']],
        ['a', ['c']],
        ['__proto__', ['d']],
      ] as const)
        expect(ids(await port.list(tenant))).toEqual(expected);
      for (const tenant of ['', 'ACME', 'acme ', '%', '*', '_', 'null', 'undefined', 'constructor'])
        expect([tenant, await port.list(tenant)]).toEqual([tenant, []]);
      expect(ids(await port.list(undefined))).toEqual(['a', 'b', 'c', 'd']);
    });

    it('keeps 100 parallel puts of 100 keys and of one key', async () => {
      const { port } = await fresh();
      await hundred((at) => port.put(key(`k${at}`, { tenant: `t${at % 3}` })));
      await hundred((at) => port.put(key('one', { name: `n${at}` })));
      expect(await port.list(undefined)).toHaveLength(101);
      expect(await port.list('t0')).toHaveLength(34);
      expect(await port.list('acme')).toHaveLength(1);
    });

    it('keeps keys over a restart, and shows revocations to another process', async () => {
      const { opened, port } = await fresh();
      if (opened.beside !== undefined) {
        const other = await opened.beside();
        await port.put(key('a'));
        expect(await other.find('a')).toEqual(key('a'));
        await other.put(key('a', { revokedAtMs: 7 }));
        expect((await port.find('a'))?.revokedAtMs).toBe(7);
      }
      if (opened.reopen === undefined) return;
      await port.put(key('b'));
      expect(await (await opened.reopen()).find('b')).toEqual(key('b'));
    });
  });
}
