/** Stage 7: which of the rules asks, and what policies ask besides. */
import { describe, expect, it } from 'vitest';
import type { ApprovalRequest } from '../../approvals/index.ts';
import type { Definition, Grant, JsonObject, Principal } from '../../call.ts';
import type { Digest, PrincipalKey, TenantId } from '../../identifiers.ts';
import { createManualClock } from '../../memory/index.ts';
import { METHODS } from '../../methods.ts';
import { CALL } from '../authenticate/testing/tokens.mts';
import { createApprove, type ApprovalRule } from './index.ts';

const principal: Principal = {
  user: { issuer: 'https://i', subject: 'alice', roles: [], groups: [], claims: {} },
  agent: { clientId: 'agent', actors: ['broker', 'bot'] },
  scopes: [],
  tenantClaim: 'acme',
  tier: undefined,
  expiresAtMs: undefined,
  key: 'alice' as PrincipalKey,
};
const definition: Definition = {
  server: 'bank',
  kind: 'tool',
  name: 'pay',
  document: {},
  digest: 'sha256:0' as Digest,
  labels: [],
};
const input: JsonObject = { amount: 100, to: { iban: 'DE1', note: 'x' }, tags: ['a', 'b'] };
const grant: Grant = { policies: ['p'], revision: 'r1', cacheable: true };

const demand = {
  approvers: [{ kind: 'role', name: 'approver' }],
  required: 1,
  distinct: false,
  source: 'test',
} as const;

describe('what the first rule that matches says', () => {
  const open = (...rules: readonly Partial<ApprovalRule>[]) => {
    const clock = createManualClock();
    const filed: ApprovalRequest[] = [];
    const stage = createApprove({
      rules: () => rules.map((rule) => ({ server: '*', tool: '*', demand, ttlMs: 600_000, ...rule })),
      ttlMs: () => 900_000,
      approvals: {
        consume: (request) => {
          filed.push(request);
          return { state: 'pending', id: 'i', because: undefined };
        },
      },
      clock,
    });
    const ask = (changes: Partial<Definition> = {}, approvals?: Grant['approvals']): ApprovalRequest | undefined => {
      filed.length = 0;
      const judged = { row: METHODS['tools/call'], definition: { ...definition, ...changes }, input };
      const allowed = approvals === undefined ? grant : { ...grant, approvals };
      try {
        void stage({ principal, tenant: { id: 'acme' as TenantId } }, judged, allowed, CALL);
      } catch {
        // Every request here is pending.
      }
      return filed[0];
    };
    return { ask, clock };
  };
  const hint = (destructiveHint: unknown): Partial<Definition> => ({
    document: { annotations: { destructiveHint } } as never,
  });

  it('only tools whose approved definition says that they destroy something', () => {
    const { ask } = open({ destructiveOnly: true });
    expect(ask(hint(true))).toBeDefined();
    for (const none of [
      hint(false),
      hint('true'),
      hint(1),
      hint(undefined),
      { document: {} },
      { document: { annotations: [] } },
    ])
      expect(ask(none as Partial<Definition>), JSON.stringify(none)).toBeUndefined();
  });

  it('only calls for which its condition holds; in doubt it asks, and lets nothing through', () => {
    const never: Partial<ApprovalRule> = { when: () => false };
    const unclear: Partial<ApprovalRule> = { when: () => 'unclear' };
    expect(open(never).ask()).toBeUndefined();
    expect(open({ when: ({ input: given }) => given?.['amount'] === 100 }).ask()).toBeDefined();
    expect(open(unclear).ask()).toBeDefined();
    expect(open({ ...unclear, demand: undefined }, {}).ask()).toBeDefined();
    expect(open({ ...never, demand: undefined }, {}).ask()).toBeDefined();
  });

  it('a rule that asks nobody lets later rules ask nobody, and never what a policy asks', () => {
    const { ask } = open({ demand: undefined }, {});
    expect(ask()).toBeUndefined();
    expect(ask({}, [{ demand, ttlMs: undefined }])).toMatchObject({ demand: { source: 'test' } });
  });

  it('what policies ask is asked besides, within the shortest time', () => {
    const legal = { ...demand, approvers: [{ kind: 'group', name: 'legal' }], source: 'policy legal' } as const;
    const { ask } = open({});
    expect(ask({}, [{ demand: legal, ttlMs: 60_000 }])).toMatchObject({
      demand: { source: 'test', also: [{ source: 'policy legal' }] },
      ttlMs: 60_000,
    });
    expect(open().ask({}, [{ demand: legal, ttlMs: undefined }])).toMatchObject({
      demand: legal,
      ttlMs: 900_000,
    });
  });
});
