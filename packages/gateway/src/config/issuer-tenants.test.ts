/** B14: which tenants an issuer may name, as the configuration says it. */
import { expect, it } from 'vitest';
import { loadConfigText } from '../config.ts';

const load = (issuer: string, tenants: string) =>
  loadConfigText(
    `tenants: [${tenants}]\nidentity:\n  issuers:\n    - { issuer: https://x, audience: y${issuer} }`,
    'sallyport.yaml',
    { environment: {}, folder: '.' },
  );
const errorsOf = (issuer: string, tenants: string): readonly string[] => {
  const loaded = load(issuer, tenants);
  return 'errors' in loaded ? loaded.errors.map(({ line, message }) => `${line}: ${message}`) : [];
};

it('B14 with several tenants an issuer must say which are its own, and the error says what to write', () => {
  expect(errorsOf('', 'acme, globex')).toEqual([
    '4: identity.issuers.0: must say for which tenants it may issue tokens, because there are several: ' +
      'tenants: [acme, globex], or tenant: NAME when all its tokens are for one',
  ]);
});

it.each([
  [', tenants: [acme, globx]', '4: identity.issuers.0.tenants.1: no such tenant; did you mean "globex"?'],
  [', tenant: initech', '4: identity.issuers.0.tenant: no such tenant'],
  [', tenant: acme, tenants: [acme]', '4: identity.issuers.0.tenant: cannot be beside tenants'],
  [', tenants: []', '4: identity.issuers.0.tenants: must have at least 1 entry'],
])('B14 %s is refused', (issuer, error) => {
  expect(errorsOf(issuer, 'acme, globex')).toEqual([error]);
});

it.each([
  ['', 'acme', ['acme'], undefined],
  [', tenants: [globex]', 'acme, globex', ['globex'], undefined],
  [', tenant: globex', 'acme, globex', ['globex'], 'globex'],
])('B14 %s of the tenants %s', (issuer, all, tenants, tenantWithoutClaim) => {
  const loaded = load(issuer, all);
  if ('errors' in loaded) throw new Error(JSON.stringify(loaded.errors));
  expect(loaded.snapshot.identity.issuers[0]).toMatchObject({ tenants, tenantWithoutClaim });
});
