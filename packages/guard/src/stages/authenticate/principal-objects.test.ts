/**
 * The contract of `Principal`: caches hang on the object, so it is the same as long as nothing changed, and new after
 * that.
 */
import { expect, it } from 'vitest';
import { compileCedar } from '../../policy/index.ts';
import { tenantId } from '../../identifiers.ts';
import { mintApiKey } from './index.ts';
import { API_KEY_REMEMBERED_MS } from './api-key.ts';
import { CALL, ISSUER, NOW, openBench, token } from './testing/tokens.mts';

const FIELDS = { tenant: 'acme', subject: 'robot', name: 'ci', scopes: [], tier: undefined, expiresAtMs: undefined };

it('a changed row of an API key gives a new object with what changed', async () => {
  const bench = openBench();
  const { text, key } = mintApiKey({ ...FIELDS, roles: ['reader'], createdAtMs: NOW * 1000 });
  await bench.store.put(key);
  const before = await bench.bearer(text);
  bench.clock.ms += API_KEY_REMEMBERED_MS;
  expect(await bench.bearer(text), 'the same row').toBe(before);
  await bench.store.put({ ...key, roles: ['admin'] });
  bench.clock.ms += API_KEY_REMEMBERED_MS;
  const after = await bench.bearer(text);
  expect([before.user.roles, after.user.roles]).toEqual([['reader'], ['admin']]);
  expect(after).not.toBe(before);
});

it('another configuration of the issuer gives a new object, the same configuration does not', async () => {
  const bench = openBench();
  const text = token();
  const before = await bench.bearer(text);
  expect(await bench.bearer(text)).toBe(before);
  bench.issuers[0] = { ...ISSUER };
  expect(await bench.bearer(text)).not.toBe(before);
});

it('what the policy engine remembers for one object does not serve an equal one with another tenant', async () => {
  const bench = openBench();
  const principal = await bench.bearer(token());
  const inAcme = { op: 'in', entity: { type: 'Tenant', id: 'acme' } } as const;
  const all = { op: 'All' } as const;
  const json = { effect: 'permit', principal: inAcme, action: all, resource: all, conditions: [] } as const;
  const engine = compileCedar([{ id: 'acme', json }], 'r', bench.clock);
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
