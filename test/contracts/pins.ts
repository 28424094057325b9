/** What every pin store promises: one pin a definition, its document as it was approved, and a version that tells of changes. */
import { describe, expect, it } from 'vitest';
import type { DefinitionKind, JsonObject, PendingPin, Pin, PinStore, Digest } from '@sallyport/guard';
import { COLLIDING, HOSTILE, opener, type Open } from './opened-port.ts';

const pin = (server: string, name: string, fields: Partial<Pin> = {}): Pin => ({
  server,
  kind: 'tool',
  name,
  digest: `sha256:${server} ${name}` as Digest,
  document: { name },
  approvedAtMs: 5,
  approvedBy: 'ops',
  ...fields,
});
const pending = (server: string, name: string, fields: Partial<PendingPin> = {}): PendingPin => ({
  server,
  kind: 'tool',
  name,
  digest: `sha256:${server} ${name}` as Digest,
  document: { name },
  seenAtMs: 6,
  ...fields,
});
const named = (rows: readonly { readonly server: string; readonly kind: string; readonly name: string }[]): string[] =>
  rows.map(({ server, kind, name }) => JSON.stringify([server, kind, name])).sort();

/** Fields that a copy through a careless object or a database loses. */
const DOCUMENT = JSON.parse(
  '{"name":"x","title":"\\u0000é e\\u0301 \\ud83d\\ude00","inputSchema":{"type":"object","properties":{"__proto__":{"type":"string"},"constructor":{"const":null}}},"x-n":[1.5,-0.25,1e-7,9007199254740991,true,null,[],{}],"":""}',
) as JsonObject;

export function pinsContract(name: string, open: Open<PinStore>): void {
  const fresh = opener<PinStore, Awaited<ReturnType<typeof open>>>(open);

  describe(`${name} is a pin store`, () => {
    it('A2 keeps every field of what was approved, also the unknown and the strange ones', async () => {
      const { port } = await fresh();
      port.approve(pin('crm', 'x', { document: DOCUMENT }));
      port.savePending(pending('crm', 'y', { document: DOCUMENT }));
      expect(JSON.stringify(port.pins()[0]?.document)).toBe(JSON.stringify(DOCUMENT));
      expect(JSON.stringify(port.pending()[0]?.document)).toBe(JSON.stringify(DOCUMENT));
      expect(port.pins()).toEqual([pin('crm', 'x', { document: DOCUMENT })]);
      expect(({} as Record<string, unknown>)['type']).toBeUndefined();
    });

    it('A3 a definition that waits does not touch the pin, and approving it settles that one alone', async () => {
      const { port } = await fresh();
      port.approve(pin('crm', 'x', { digest: 'old' as Digest }));
      for (const [server, tool] of [
        ['crm', 'x'],
        ['crm', 'y'],
        ['mail', 'x'],
      ] as const)
        port.savePending(pending(server, tool, { digest: 'new' as Digest }));
      expect(port.pins()).toEqual([pin('crm', 'x', { digest: 'old' as Digest })]);
      expect(port.pending()).toHaveLength(3);
      port.approve(pin('crm', 'x', { digest: 'new' as Digest }));
      expect(port.pins()).toEqual([pin('crm', 'x', { digest: 'new' as Digest })]);
      expect(named(port.pending())).toEqual(named([pending('crm', 'y'), pending('mail', 'x')]));
    });

    it('A2 what was pinned first stays pinned, whoever comes second with something else', async () => {
      const { opened, port } = await fresh();
      const other = (await opened.beside?.()) ?? port;
      port.savePending(pending('crm', 'x', { digest: 'second' as Digest }));
      expect(port.pinIfAbsent(pin('crm', 'x', { digest: 'first' as Digest, document: DOCUMENT }))).toMatchObject({
        digest: 'first',
      });
      expect(port.pending()).toEqual([]);
      const version = other.version();
      expect(other.pinIfAbsent(pin('crm', 'x', { digest: 'second' as Digest }))).toEqual(
        pin('crm', 'x', { digest: 'first' as Digest, document: DOCUMENT }),
      );
      expect([other.version(), port.pins()]).toEqual([
        version,
        [pin('crm', 'x', { digest: 'first' as Digest, document: DOCUMENT })],
      ]);
    });

    it('A3 what came after the definition that is approved waits on', async () => {
      const { port } = await fresh();
      port.savePending(pending('crm', 'x', { digest: 'newer' as Digest }));
      port.approve(pin('crm', 'x', { digest: 'reviewed' as Digest }));
      expect([port.pins()[0]?.digest, port.pending()[0]?.digest]).toEqual(['reviewed', 'newer']);
    });

    it('the newest unapproved definition replaces the one before it: a server that flips for ever waits once', async () => {
      const { port } = await fresh();
      for (let at = 0; at < 1_000; at++)
        port.savePending(pending('crm', 'x', { digest: `d${at}` as Digest, seenAtMs: at }));
      expect(port.pending()).toEqual([pending('crm', 'x', { digest: 'd999' as Digest, seenAtMs: 999 })]);
    });

    it('D2 many at once are as good as one by one, and cost what one costs', async () => {
      const { port } = await fresh();
      const before = port.version();
      const began = performance.now();
      port.transaction(() => {
        for (let at = 0; at < 5_000; at++) {
          port.approve(pin('crm', `p${at}`));
          port.savePending(pending('crm', `w${at}`));
        }
      });
      expect(performance.now() - began).toBeLessThan(5_000);
      expect([port.pins().length, port.pending().length, port.version() === before]).toEqual([5_000, 5_000, false]);
      port.approve(pin('crm', 'w0'));
      expect([port.pins().length, port.pending().length]).toEqual([5_001, 4_999]);
    });

    it('A5 server, kind and name together say which: none of them runs into another', async () => {
      const { port } = await fresh();
      const all: Pin[] = [];
      for (const [left, right] of COLLIDING) for (const [server, tool] of [left, right]) all.push(pin(server, tool));
      for (const one of HOSTILE) all.push(pin('hostile', one), pin(one, 'hostile'));
      for (const kind of ['prompt', 'resource', 'resource_template', 'server'] satisfies DefinitionKind[])
        all.push(pin('crm', 'x', { kind }));
      for (const one of all) port.savePending(pending(one.server, one.name, { kind: one.kind }));
      expect(named(port.pending())).toEqual(named(all));
      for (const one of all) port.approve(one);
      expect(named(port.pins())).toEqual(named(all));
      expect(port.pending()).toEqual([]);
      for (const one of all) expect(port.pins()).toContainEqual(one);
    });

    it('the version changes with every approval and suspension, and with nothing else', async () => {
      const { port } = await fresh();
      const seen = [port.version()];
      for (const change of [
        () => port.savePending(pending('crm', 'x')),
        () => port.approve(pin('crm', 'x')),
        () => port.approve(pin('crm', 'x')),
        () => port.savePending(pending('crm', 'x')),
      ]) {
        change();
        seen.push(port.version());
        expect([port.pins().length > 0 || port.pending().length > 0, port.version()]).toEqual([true, seen.at(-1)]);
      }
      expect(new Set(seen).size).toBe(seen.length);
    });

    it('keeps them over a restart, and another process sees both the pin and that something changed', async () => {
      const { opened, port } = await fresh();
      if (opened.beside !== undefined) {
        const other = await opened.beside();
        const before = other.version();
        port.approve(pin('crm', 'x'));
        expect(other.version()).not.toBe(before);
        expect(other.pins()).toEqual([pin('crm', 'x')]);
      }
      if (opened.reopen === undefined) return;
      port.approve(pin('crm', 'y', { document: DOCUMENT }));
      port.savePending(pending('crm', 'z'));
      const version = port.version();
      const again = await opened.reopen();
      expect(again.pins()).toContainEqual(pin('crm', 'y', { document: DOCUMENT }));
      expect(again.pending()).toEqual([pending('crm', 'z')]);
      expect(again.version(), 'a reader that kept the number is told of what changes from here on').toBe(version);
    });
  });
}
