/**
 * What every pin store promises: one pin per definition, the document as it was approved, and a version that shows
 * changes.
 */
import { describe, expect, it } from 'vitest';
import type { DefinitionKind, Digest, JsonObject, PendingPin, Pin, PinChange, PinStore } from '@sallyport/guard';
import { COLLIDING, HOSTILE, opener, type Open } from './opened-port.ts';

const digestOf = (text: string): Digest => text as Digest;

const pin = (server: string, name: string, fields: Partial<Pin> | { readonly digest: string } = {}): Pin => ({
  server,
  kind: 'tool',
  name,
  digest: digestOf(`sha256:${server} ${name}`),
  document: { name },
  approvedAtMs: 5,
  approvedBy: 'ops',
  ...(fields as Partial<Pin>),
});
const pending = (
  server: string,
  name: string,
  fields: Partial<PendingPin> | { readonly digest: string } = {},
): PendingPin => ({
  server,
  kind: 'tool',
  name,
  digest: digestOf(`sha256:${server} ${name}`),
  document: { name },
  seenAtMs: 6,
  ...(fields as Partial<PendingPin>),
});
const named = (rows: readonly { readonly server: string; readonly kind: string; readonly name: string }[]): string[] =>
  rows.map(({ server, kind, name }) => JSON.stringify([server, kind, name])).sort();

/** Fields that a copy through a careless object or a database loses. */
const DOCUMENT = JSON.parse(
  '{"name":"x","title":"\\u0000é e\\u0301 \\ud83d\\ude00","inputSchema":{"type":"object",' +
    '"properties":{"__proto__":{"type":"string"},"constructor":{"const":null}}},' +
    '"x-n":[1.5,-0.25,1e-7,9007199254740991,true,null,[],{}],"":""}',
) as JsonObject;

export function pinsContract(name: string, open: Open<PinStore>): void {
  const fresh = opener<PinStore, Awaited<ReturnType<typeof open>>>(open);

  describe(`${name} is a pin store`, () => {
    it('A2 keeps every field of an approved definition, including unknown ones', async () => {
      const { port } = await fresh();
      await port.approve(pin('crm', 'x', { document: DOCUMENT }));
      await port.savePending(pending('crm', 'y', { document: DOCUMENT }));
      expect(JSON.stringify((await port.pins())[0]?.document)).toBe(JSON.stringify(DOCUMENT));
      expect(JSON.stringify((await port.pending())[0]?.document)).toBe(JSON.stringify(DOCUMENT));
      expect(await port.pendingDigests()).toEqual([
        {
          server: 'crm',
          kind: 'tool',
          name: 'y',
          digest: pending('crm', 'y').digest,
          documentBytes: Buffer.byteLength(JSON.stringify(DOCUMENT)),
        },
      ]);
      expect(await port.pins()).toEqual([pin('crm', 'x', { document: DOCUMENT })]);
      expect(({} as Record<string, unknown>)['type']).toBeUndefined();
    });

    it('A3 a rejected definition waits as it was, with who rejected it, until another one is filed', async () => {
      const { port } = await fresh();
      const rejected = { atMs: 7, by: 'ops' };
      const reject = (digest: string) =>
        port.apply([{ kind: 'reject', pending: { ...pending('crm', 'x', { digest }), rejected } }]);
      await port.savePending(pending('crm', 'x', { digest: 'new' }));
      await reject('another');
      expect(await port.pending()).toEqual([pending('crm', 'x', { digest: 'new' })]);
      const before = await port.version();
      await reject('new');
      expect(await port.version()).not.toBe(before);
      expect(await port.pending()).toEqual([pending('crm', 'x', { digest: 'new', rejected } as Partial<PendingPin>)]);
      expect(await port.pendingDigests()).toMatchObject([{ rejected }]);
      await port.savePending(pending('crm', 'x', { digest: 'new', seenAtMs: 9 } as Partial<PendingPin>));
      expect(await port.pending()).toMatchObject([{ digest: 'new', seenAtMs: 9, rejected }]);
      await port.savePending(pending('crm', 'x', { digest: 'newer' }));
      expect(await port.pending()).toEqual([pending('crm', 'x', { digest: 'newer' })]);
    });

    it('A3 a pending definition leaves the pin as it is, and approving it approves only that one', async () => {
      const { port } = await fresh();
      await port.approve(pin('crm', 'x', { digest: 'old' }));
      for (const [server, tool] of [
        ['crm', 'x'],
        ['crm', 'y'],
        ['mail', 'x'],
      ] as const)
        await port.savePending(pending(server, tool, { digest: 'new' }));
      expect(await port.pins()).toEqual([pin('crm', 'x', { digest: 'old' })]);
      expect(await port.pending()).toHaveLength(3);
      await port.approve(pin('crm', 'x', { digest: 'new' }));
      expect(await port.pins()).toEqual([pin('crm', 'x', { digest: 'new' })]);
      expect(named(await port.pending())).toEqual(named([pending('crm', 'y'), pending('mail', 'x')]));
    });

    it('A2 the definition that was pinned first stays pinned when another one follows', async () => {
      const { opened, port } = await fresh();
      const other = (await opened.beside?.()) ?? port;
      await port.savePending(pending('crm', 'x', { digest: 'second' }));
      expect(await port.pinIfAbsent(pin('crm', 'x', { digest: 'first', document: DOCUMENT }))).toMatchObject({
        digest: 'first',
      });
      expect(await port.pending()).toEqual([]);
      const version = await other.version();
      expect(await other.pinIfAbsent(pin('crm', 'x', { digest: 'second' }))).toEqual(
        pin('crm', 'x', { digest: 'first', document: DOCUMENT }),
      );
      expect([await other.version(), await port.pins()]).toEqual([
        version,
        [pin('crm', 'x', { digest: 'first' as Digest, document: DOCUMENT })],
      ]);
    });

    it('A3 a definition that arrived after the approved one stays pending', async () => {
      const { port } = await fresh();
      await port.savePending(pending('crm', 'x', { digest: 'newer' }));
      await port.approve(pin('crm', 'x', { digest: 'reviewed' }));
      expect([(await port.pins())[0]?.digest, (await port.pending())[0]?.digest]).toEqual(['reviewed', 'newer']);
    });

    it('the newest unapproved definition replaces the one before it, so only one is pending', async () => {
      const { port } = await fresh();
      for (let at = 0; at < 1_000; at++)
        await port.savePending(pending('crm', 'x', { digest: `d${at}`, seenAtMs: at }));
      expect(await port.pending()).toEqual([pending('crm', 'x', { digest: 'd999', seenAtMs: 999 })]);
    });

    it('D2 a transaction of 10,000 changes applies all of them', async () => {
      const { port } = await fresh();
      const before = await port.version();
      const cpuBefore = process.cpuUsage();
      const changes: PinChange[] = [];
      for (let at = 0; at < 5_000; at++)
        changes.push(
          { kind: 'approve', pin: pin('crm', `p${at}`) },
          { kind: 'save_pending', pending: pending('crm', `w${at}`) },
        );
      await port.apply(changes);
      expect(process.cpuUsage(cpuBefore).user / 1_000, 'milliseconds of CPU time').toBeLessThan(5_000);
      expect([(await port.pins()).length, (await port.pending()).length, (await port.version()) === before]).toEqual([
        5_000,
        5_000,
        false,
      ]);
      await port.approve(pin('crm', 'w0'));
      expect([(await port.pins()).length, (await port.pending()).length]).toEqual([5_001, 4_999]);
    });

    it('A2 a document is updated only while its pin has the same digest', async () => {
      const { port } = await fresh();
      const update = (digest: string): PinChange => ({
        kind: 'update_document',
        pin: { server: 'crm', kind: 'tool', name: 'x', digest: digestOf(digest), document: DOCUMENT },
      });
      await port.apply([update('approved')]);
      expect(await port.pins()).toEqual([]);
      await port.approve(pin('crm', 'x', { digest: 'approved' }));
      const version = await port.version();
      await port.apply([update('another')]);
      expect([await port.pins(), await port.version()]).toEqual([[pin('crm', 'x', { digest: 'approved' })], version]);
      await port.apply([update('approved')]);
      expect(await port.pins()).toEqual([pin('crm', 'x', { digest: 'approved', document: DOCUMENT })]);
      expect(await port.version()).not.toBe(version);
    });

    it('applies the changes of a transaction in their order', async () => {
      const { port } = await fresh();
      const version = await port.version();
      await port.apply([]);
      expect(await port.version()).toBe(version);
      await port.apply([
        { kind: 'save_pending', pending: pending('crm', 'x', { digest: 'a' }) },
        { kind: 'pin_if_absent', pin: pin('crm', 'x', { digest: 'a' }) },
        { kind: 'pin_if_absent', pin: pin('crm', 'x', { digest: 'b' }) },
        { kind: 'save_pending', pending: pending('crm', 'x', { digest: 'c' }) },
      ]);
      expect(await port.pins()).toEqual([pin('crm', 'x', { digest: 'a' })]);
      expect(await port.pending()).toEqual([pending('crm', 'x', { digest: 'c' })]);
    });

    it('A5 keeps what is withheld of each list until another note replaces it', async () => {
      const { opened, port } = await fresh();
      const note = (server: string, listed: DefinitionKind, ...names: readonly string[]): PinChange => ({
        kind: 'note_withheld',
        server,
        listed,
        withheld: names.map((one) => ({ name: one, reason: `why ${one}` })),
      });
      const row = (server: string, kind: DefinitionKind, one: string): object => ({
        server,
        kind,
        name: one,
        reason: `why ${one}`,
      });
      const version = await port.version();
      await port.apply([
        note('crm', 'tool', 'a b', 'c'),
        note('crm', 'prompt', 'a b'),
        note('mail', 'tool', ...HOSTILE),
      ]);
      await port.apply([note('crm', 'tool', 'd'), note('mail', 'prompt')]);
      const store = (await opened.beside?.()) ?? port;
      const withheld = await store.withheld();
      expect(withheld).toHaveLength(2 + new Set(HOSTILE).size);
      expect(withheld).toEqual(expect.arrayContaining([row('crm', 'tool', 'd'), row('crm', 'prompt', 'a b')]));
      await port.apply([note('mail', 'tool'), note('crm', 'tool'), note('crm', 'prompt')]);
      expect([await port.withheld(), await port.version()]).toEqual([[], version]);
    });

    it('A5 server, kind and name together identify a pin', async () => {
      const { port } = await fresh();
      const all: Pin[] = [];
      for (const [left, right] of COLLIDING) for (const [server, tool] of [left, right]) all.push(pin(server, tool));
      for (const one of HOSTILE) all.push(pin('hostile', one), pin(one, 'hostile'));
      for (const kind of ['prompt', 'resource', 'resource_template', 'server'] satisfies DefinitionKind[])
        all.push(pin('crm', 'x', { kind }));
      for (const one of all) await port.savePending(pending(one.server, one.name, { kind: one.kind }));
      expect(named(await port.pending())).toEqual(named(all));
      for (const one of all) await port.approve(one);
      expect(named(await port.pins())).toEqual(named(all));
      expect(await port.pending()).toEqual([]);
      for (const one of all) expect(await port.pins()).toContainEqual(one);
    });

    it('the version changes with every approval and suspension only', async () => {
      const { port } = await fresh();
      const seen = [await port.version()];
      for (const change of [
        () => port.savePending(pending('crm', 'x')),
        () => port.approve(pin('crm', 'x')),
        () => port.approve(pin('crm', 'x')),
        () => port.savePending(pending('crm', 'x')),
      ]) {
        await change();
        seen.push(await port.version());
        expect([(await port.pins()).length > 0 || (await port.pending()).length > 0, await port.version()]).toEqual([
          true,
          seen.at(-1),
        ]);
      }
      expect(new Set(seen).size).toBe(seen.length);
    });

    it('keeps pins over a restart, and shows pins and the new version to another process', async () => {
      const { opened, port } = await fresh();
      if (opened.beside !== undefined) {
        const other = await opened.beside();
        const before = await other.version();
        await port.approve(pin('crm', 'x'));
        expect(await other.version()).not.toBe(before);
        expect(await other.pins()).toEqual([pin('crm', 'x')]);
      }
      if (opened.reopen === undefined) return;
      await port.approve(pin('crm', 'y', { document: DOCUMENT }));
      await port.savePending(pending('crm', 'z'));
      const version = await port.version();
      const again = await opened.reopen();
      expect(await again.pins()).toContainEqual(pin('crm', 'y', { document: DOCUMENT }));
      expect(await again.pending()).toEqual([pending('crm', 'z')]);
      expect(await again.version(), 'a reader that kept the version notices later changes').toBe(version);
    });
  });
}
