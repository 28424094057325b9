/** Rules for approvals as a configuration writes them. */
import { describe, expect, it } from 'vitest';
import { errorsOf, snapshotOf } from './testing/load.mts';

const rulesOf = (rule: string) => snapshotOf(`approvals: { rules: [${rule}] }`).approvals.rules;

describe('a rule', () => {
  it('says who, how many, how long, how fresh a sign-in, and what is shown', () => {
    const text = `{ server: "*", tool: refund, when: "context.args.amount > 1000", approvers: [group:finance],
      required: 2, stepUp: true, ttl: 30m, show: { text: Is it paid?, arguments: [amount, to.iban] } }`;
    expect(rulesOf(text)[0]).toEqual({
      server: '*',
      tool: 'refund',
      when: {
        text: 'context.args.amount > 1000',
        field: 'approvals.rules.0.when',
        at: { file: 'sallyport.yaml', line: 1, column: 57 },
      },
      demand: {
        approvers: [{ kind: 'group', name: 'finance' }],
        required: 2,
        distinct: false,
        source: 'approvals.rules.0',
        stepUpMs: 300_000,
        show: { text: 'Is it paid?', arguments: ['amount', 'to.iban'] },
      },
      ttlMs: 1_800_000,
    });
    expect(rulesOf('{ server: "*", tool: x, stepUp: 90s, destructive: true }')[0]).toMatchObject({
      destructiveOnly: true,
      demand: { stepUpMs: 90_000 },
    });
  });

  it('destructive tools are asked for last, unless that is switched off', () => {
    const [rule, last] = rulesOf('{ server: "*", tool: "*", required: 0 }');
    expect([rule?.demand, last?.destructiveOnly, last?.demand?.source]).toEqual([
      undefined,
      true,
      'approvals.destructive',
    ]);
    expect(snapshotOf('approvals: { destructive: allow }').approvals.rules).toEqual([]);
  });
});

describe('stepUp: passkey', () => {
  const rule = 'approvals: { rules: [{ server: "*", tool: x, stepUp: passkey }] }';

  it('asks for a passkey, where browsers allow passkeys', () => {
    for (const url of ['https://gate.example.com', 'http://localhost:8701'])
      expect(snapshotOf(`admin: { publicUrl: "${url}" }\n${rule}`).approvals.rules[0]?.demand).toMatchObject({
        passkey: true,
      });
  });

  it('is refused on an IP address, with what to set', () => {
    expect(errorsOf(rule)[0]).toContain('approvals.rules.0.stepUp: Browsers allow passkeys on a host name under https');
    expect(errorsOf(`admin: { publicUrl: "https://127.0.0.1:8701" }\n${rule}`)[0]).toContain('set admin.publicUrl');
  });
});

describe('U5 a user of several issuers', () => {
  const config = (tenants: readonly [string, string], approver: string): string => `
tenants: [acme, globex]
identity:
  issuers:
    - { issuer: https://a.example, audience: x, tenants: [${tenants[0]}] }
    - { issuer: https://b.example, audience: x, tenants: [${tenants[1]}] }
approvals: { rules: [{ server: "*", tool: x, approvers: ["${approver}"] }] }`;

  it('is named with the issuer where a tenant has two, and need not be where it has one', () => {
    expect(errorsOf(config(['acme', 'acme, globex'], 'user:bob'))).toEqual([
      'sallyport.yaml:7:58: approvals.rules.0.approvers.0: may be a user of several issuers: write user:bob from ISSUER',
    ]);
    expect(errorsOf(config(['acme', 'globex'], 'user:bob'))).toEqual([]);
    expect(errorsOf(config(['acme', 'acme'], 'group:bob'))).toEqual([]);
    const named = snapshotOf(config(['acme', 'acme'], 'user:bob from https://a.example')).approvals.rules[0];
    expect(named?.demand?.approvers).toEqual([{ kind: 'user', name: 'bob', issuer: 'https://a.example' }]);
  });
});
