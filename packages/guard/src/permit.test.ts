/** Permits: the proof that the guard let one call through. */
import { expect, it } from 'vitest';
import { mintPermit, permitHolder, spendPermit, type Permit, type Permitted } from './permit.ts';

const PERMITTED = { principal: { key: 'someone' }, tenant: { id: 'acme' } } as unknown as Permitted;

it('a permit is spent once, and says whose it is until then', () => {
  const permit = mintPermit(PERMITTED);
  expect(permitHolder(permit)).toEqual({ principal: PERMITTED.principal, tenant: PERMITTED.tenant });
  expect(spendPermit(permit)).toBe(PERMITTED);
  for (const use of [spendPermit, permitHolder])
    expect(() => use(permit)).toThrow(expect.objectContaining({ code: 'internal' }));
});

it('nothing that the guard did not mint is a permit, whatever it looks like', () => {
  for (const forged of [{}, { ...PERMITTED }, Object.freeze({}), mintPermit(PERMITTED) && {}])
    for (const use of [spendPermit, permitHolder])
      expect(() => use(forged as unknown as Permit)).toThrow(expect.objectContaining({ code: 'internal' }));
});
