/**
 * The contract of `Principal`: caches hang on the object, so it is the same as long as nothing changed, and new after
 * that.
 */
import { expect, it } from 'vitest';
import { compileCedar } from '../../policy/index.ts';
import { tenantId } from '../../identifiers.ts';
import { mintApiKey } from './index.ts';
import { API_KEY_REMEMBERED_MS } from './api-key.ts';
import { CALL, ISSUER, NOW, openHarness, token } from './testing/tokens.mts';

const FIELDS = { tenant: 'acme', subject: 'robot', name: 'ci', scopes: [], tier: undefined, expiresAtMs: undefined };

it('a changed row of an API key gives a new object', async () => {
  const harness = openHarness();
  const { text, key } = mintApiKey({ ...FIELDS, roles: ['reader'], createdAtMs: NOW * 1000 });
  await harness.store.put(key);
  const before = await harness.bearer(text);
  harness.clock.ms += API_KEY_REMEMBERED_MS;
  expect(await harness.bearer(text), 'the same row').toBe(before);
  await harness.store.put({ ...key, roles: ['admin'] });
  harness.clock.ms += API_KEY_REMEMBERED_MS;
  const after = await harness.bearer(text);
  expect([before.user.roles, after.user.roles]).toEqual([['reader'], ['admin']]);
  expect(after).not.toBe(before);
});

it('a changed configuration of the issuer gives a new object, the same configuration does not', async () => {
  const harness = openHarness();
  const text = token();
  const before = await harness.bearer(text);
  expect(await harness.bearer(text)).toBe(before);
  harness.issuers[0] = { ...ISSUER };
  expect(await harness.bearer(text)).not.toBe(before);
});

it('a decision remembered for one object does not serve an equal object of another tenant', async () => {
  const harness = openHarness();
  const principal = await harness.bearer(token());
  const inAcme = { op: 'in', entity: { type: 'Tenant', id: 'acme' } } as const;
  const all = { op: 'All' } as const;
  const json = { effect: 'permit', principal: inAcme, action: all, resource: all, conditions: [] } as const;
  const engine = compileCedar([{ id: 'acme', json }], 'r', harness.clock);
  const definition = {
    server: 'crm',
    kind: 'tool',
    name: 'get',
    document: {},
    digest: 'sha256:0',
    labels: [],
  } as never;
  const effectFor = (who: typeof principal, tenant: string): string =>
    engine.decide({
      principal: who,
      tenant: { id: tenantId(tenant) },
      action: 'call',
      definition,
      input: {},
      call: CALL,
    }).effect;
  expect(effectFor(principal, 'acme')).toBe('allow');
  expect(effectFor({ ...principal, tenantClaim: 'globex' }, 'globex')).toBe('deny');
});
