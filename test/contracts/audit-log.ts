/**
 * What every audit log promises: what it acknowledged is there, once, in order, as it was, in the log of its tenant.
 */
import { describe, expect, it } from 'vitest';
import type { AuditLog, AuditRecord, JsonObject } from '@sallyport/guard';
import { COLLIDING, HOSTILE, hundred, opener, type Open, type Opened } from './opened-port.ts';

export interface OpenedAuditLog extends Opened<AuditLog> {
  /** What the log of a tenant holds, oldest first. */
  records(tenant: string): readonly AuditRecord[] | Promise<readonly AuditRecord[]>;
}

const record = (n: number | string, fields: JsonObject = {}): AuditRecord => ({
  time: n,
  unmapped: { phase: 'outcome', record_id: `r${n}`, status: 'success', ...fields },
});

export function auditLogContract(name: string, open: Open<AuditLog, OpenedAuditLog>): void {
  const fresh = opener<AuditLog, OpenedAuditLog>(open);
  const times = async (opened: OpenedAuditLog, tenant: string): Promise<unknown[]> =>
    (await opened.records(tenant)).map((one) => one['time']);

  describe(`${name} is an audit log`, () => {
    it('keeps records in the order in which they were appended', async () => {
      const { opened, port } = await fresh();
      for (let n = 0; n < 20; n++) await port.append('acme', record(n));
      expect(await opened.records('acme')).toEqual(Array.from({ length: 20 }, (_, n) => record(n)));
    });

    it('keeps each of 100 parallel appends once, in the order of the calls', async () => {
      const { opened, port } = await fresh();
      await hundred((n) => port.append('acme', record(n)));
      expect(await times(opened, 'acme')).toEqual(Array.from({ length: 100 }, (_, n) => n));
    });

    it('keeps 100 parallel appends of three tenants in the log of each', async () => {
      const { opened, port } = await fresh();
      await hundred((n) => port.append(['acme', 'globex', '_'][n % 3] as string, record(n)));
      for (const [at, tenant] of ['acme', 'globex', '_'].entries())
        expect(await times(opened, tenant)).toEqual(
          Array.from({ length: 100 }, (_, n) => n).filter((n) => n % 3 === at),
        );
    });

    it('J1 gives each tenant its own log, whatever its name', async () => {
      const { opened, port } = await fresh();
      const tenants = [
        ...HOSTILE.filter((one) => one.length <= 64),
        ...COLLIDING.flatMap(([[left], [right]]) => [left, right]),
        'x_61',
        'x_',
        '.',
        '..',
        'CON',
        'lost+found',
      ].filter((one) => one !== '');
      const unique = [...new Set(tenants)];
      for (const tenant of unique) await port.append(tenant, record(tenant));
      for (const tenant of unique) expect([tenant, await times(opened, tenant)]).toEqual([tenant, [tenant]]);
    });

    it('A34 keeps a record as it was when it was appended, even if the caller changes it later', async () => {
      const { opened, port } = await fresh();
      const changing = { time: 1, unmapped: { phase: 'outcome', record_id: 'r1', status: 'refused', list: [1] } };
      const done = port.append('acme', changing);
      changing.unmapped.status = 'success';
      changing.unmapped.list.push(2);
      await done;
      expect(await opened.records('acme')).toEqual([
        { time: 1, unmapped: { phase: 'outcome', record_id: 'r1', status: 'refused', list: [1] } },
      ]);
    });

    it('J13 keeps one record as one record, whatever it contains', async () => {
      const { opened, port } = await fresh();
      const said = [
        'a\nb',
        'a\r\n{"time":2}',
        '\u001b[2J',
        '\u202e',
        '\u2028',
        '"},{"',
        '\u0000',
        '=cmd|x',
        ...HOSTILE,
      ];
      for (const [at, text] of said.entries()) await port.append('acme', record(at, { text, list: [text] }));
      expect(await opened.records('acme')).toEqual(said.map((text, at) => record(at, { text, list: [text] })));
    });

    it('refuses a record that cannot be written, and writes the next one', async () => {
      const { opened, port } = await fresh();
      await port.append('acme', record(1));
      const endless: Record<string, unknown> = {};
      endless['self'] = endless;
      await expect(Promise.resolve().then(() => port.append('acme', endless as AuditRecord))).rejects.toThrow();
      await port.append('acme', record(2));
      expect(await times(opened, 'acme')).toEqual([1, 2]);
    });

    it('keeps acknowledged records over a restart, and appends after them', async () => {
      const { opened, port } = await fresh();
      if (opened.reopen === undefined) return;
      await hundred((n) => port.append('acme', record(n)));
      const again = await opened.reopen();
      await again.append('acme', record(100));
      expect(await times(opened, 'acme')).toEqual(Array.from({ length: 101 }, (_, n) => n));
    });
  });
}
