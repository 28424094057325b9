/** What every tenant directory promises: the tenants that exist, by their exact id, and no others. */
import { describe, expect, it } from 'vitest';
import type { TenantDirectory } from '@sallyport/guard';
import { HOSTILE, opener, type Open, type Opened } from './opened-port.ts';

export interface OpenedTenants extends Opened<TenantDirectory> {
  /** Makes these the tenants that exist. */
  set(ids: readonly string[]): void | Promise<void>;
}

export function tenantsContract(name: string, open: Open<TenantDirectory, OpenedTenants>): void {
  const fresh = opener<TenantDirectory, OpenedTenants>(open);

  describe(`${name} is a tenant directory`, () => {
    it('J1 finds no unknown tenant, whatever its name', async () => {
      const { opened, port } = await fresh();
      await opened.set(['acme']);
      for (const id of ['', 'ACME', 'acme ', 'acm', 'acme2', ...HOSTILE])
        expect([id, await port.find(id)]).toEqual([id, undefined]);
      expect(await port.find('acme')).toEqual({ id: 'acme' });
    });

    it('A15 finds each tenant under its own id', async () => {
      const { opened, port } = await fresh();
      await opened.set(HOSTILE);
      for (const id of HOSTILE) expect(await port.find(id)).toEqual({ id });
    });

    it('does not find a removed tenant with the next call', async () => {
      const { opened, port } = await fresh();
      await opened.set(['acme', 'globex']);
      expect(await port.find('globex')).toEqual({ id: 'globex' });
      await opened.set(['acme']);
      expect(await port.find('globex')).toBeUndefined();
    });
  });
}
