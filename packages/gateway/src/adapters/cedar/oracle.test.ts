/** Our evaluator against the reference implementation: the same decision and the same deciding policies. */
import { isAuthorized, policyToJson, type EntityJson } from '@cedar-policy/cedar-wasm/nodejs';
import type { Definition, JsonObject, PolicyQuestion, Principal } from '@sallyport/guard';
import { compileCedar, type PolicyJson } from '@sallyport/guard/policy';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

const definition: Definition = { server: 'crm', kind: 'tool', name: 'get', document: { annotations: { readOnlyHint: true } }, digest: 'sha256:0', labels: ['internal'] };
const clock = { now: () => 1_700_000_000_000 };

const principalWith = (roles: readonly string[]): Principal => ({
  user: { issuer: 'https://i', subject: 'alice', roles, groups: ['g'], claims: { level: 3 } },
  agent: { clientId: 'app', actors: [] }, scopes: ['mcp'], tenantClaim: 'acme', tier: undefined, expiresAt: undefined, key: 'k',
});

const questionOf = (args: JsonObject | undefined, roles: readonly string[] = ['analyst']): PolicyQuestion => ({
  principal: principalWith(roles), tenant: { id: 'acme' }, action: 'call', definition, input: args,
  call: { session: undefined, origin: { transport: 'embedded', era: 'modern', protocolVersion: '', address: '10.1.2.3', correlationId: '', traceparent: undefined, clientInfo: undefined } },
});

/** What our entity model says, in the words of the reference implementation. */
function entities(roles: readonly string[]): EntityJson[] {
  return [
    {
      uid: { type: 'User', id: 'https://i|alice' }, parents: [...roles.map((id) => ({ type: 'Role', id })), { type: 'Group', id: 'g' }, { type: 'Tenant', id: 'acme' }],
      attrs: { issuer: 'https://i', subject: 'alice', tenant: 'acme', roles: [...roles], groups: ['g'], scopes: ['mcp'], claims: { level: 3 } },
    },
    { uid: { type: 'Tool', id: 'crm/get' }, parents: [{ type: 'Server', id: 'crm' }], attrs: { server: 'crm', name: 'get', labels: ['internal'], pin: 'sha256:0', annotations: { readOnlyHint: true } } },
  ] as unknown as EntityJson[];
}

function reference(texts: readonly string[], args: JsonObject, roles: readonly string[]) {
  const answer = isAuthorized({
    principal: { type: 'User', id: 'https://i|alice' }, action: { type: 'Action', id: 'call' }, resource: { type: 'Tool', id: 'crm/get' },
    context: { args, agent: { client_id: 'app', actors: [] }, labels: [], mtls: false, source_ip: { __extn: { fn: 'ip', arg: '10.1.2.3' } }, time: { __extn: { fn: 'datetime', arg: '2023-11-14T22:13:20Z' } } } as never,
    policies: { staticPolicies: Object.fromEntries(texts.map((text, index) => [`p${index}`, text])) }, entities: entities(roles),
  });
  if (answer.type === 'failure') throw new Error(JSON.stringify(answer.errors));
  const { decision, diagnostics } = answer.response;
  const errors = diagnostics.errors.length > 0;
  return { allow: decision === 'allow' && !errors, errors, reason: errors ? undefined : [...diagnostics.reason].sort() };
}

function engineOf(texts: readonly string[]) {
  return compileCedar(texts.map((text, index) => {
    const parsed = policyToJson(text);
    if (parsed.type === 'failure') throw new Error(`${text}: ${JSON.stringify(parsed.errors)}`);
    return { id: `p${index}`, json: parsed.json as unknown as PolicyJson };
  }), 'r', clock);
}

function compare(texts: readonly string[], args: JsonObject, roles: readonly string[] = ['analyst']): void {
  const expected = reference(texts, args, roles);
  const engine = engineOf(texts);
  const decision = engine.decide(questionOf(args, roles));
  const ours = { allow: decision.effect === 'allow', errors: decision.effect === 'deny' && decision.error !== undefined };
  expect(ours, texts.join('\n')).toEqual({ allow: expected.allow, errors: expected.errors });
  if (expected.reason !== undefined) expect(decision.grant.policies).toEqual(expected.reason);
  if (decision.effect === 'allow') expect(engine.couldAllow(questionOf(args, roles)), `A13 ${texts.join('\n')}`).toBe(true);
}

const when = (condition: string): string => `permit(principal, action, resource) when { ${condition} };`;

const CONDITIONS = [
  'true', 'false', '1 + 2 * 3 == 7', '-(-3) == 3', '9223372036854775807 + 1 > 0', '1 == "1"', 'context.args.n > 3', 'context.args.n <= 3 || context.args has missing',
  'context.args.missing == 1', 'context.args has s && context.args.s like "a*c"', 'context.args.s like "*\\**"', '[1,2].containsAll([2,1])', '[1,2] == [2,1,1]',
  '{a:1,b:[2]} == {b:[2],a:1}', 'principal has claims.level', 'principal has claims.missing', 'principal.claims.level == 3', 'principal in Role::"analyst"',
  'principal in [Role::"x", Tenant::"acme"]', 'resource in Server::"crm"', 'resource is Tool in Server::"other"', 'resource is Prompt', 'resource.annotations.readOnlyHint',
  'context.source_ip.isInRange(ip("10.0.0.0/8"))', 'ip("::1").isLoopback()', 'ip("10.0.0.0/8").isInRange(ip("10.0.0.0/16"))', 'ip("1.2.3.4/33") == ip("1.2.3.4")',
  'decimal("1.50") == decimal("1.5")', 'decimal("0.1").lessThan(decimal("0.2"))', 'decimal("1") == decimal("1.0")', 'context.time > datetime("2023-01-01")',
  'datetime("2024-02-30") == datetime("2024-02-30")', 'datetime("2024-01-01T01:00:00+0100") == datetime("2024-01-01")', 'duration("1d2h").toHours() == 26',
  'datetime("1969-12-31T23:00:00Z").toDate() == datetime("1969-12-31")', 'context.time.toTime() < duration("1d")', 'datetime("2024-01-02").durationSince(datetime("2024-01-01")) == duration("24h")',
  'if context.args.n > 1 then context.args.s == "abc" else false', '!(context.args.flag)', 'context.args.flag && 1', '1 && true', 'false && 1', 'true || 1', '[].isEmpty()',
  'context.args.list.contains("x")', 'context.args.list.containsAny(["y","x"])', 'context.args["s"] == "abc"', 'principal.hasTag("x")', 'User::"a" == User::"a"', 'User::"a".name == "x"',
  'context.agent.client_id == "app"', 'context.args.nested.deep == 1', 'principal == User::"https://i|alice"', 'context has session', 'unknown', 'context.args.n < "3"', '"a" like "*a*"', '"ab" like "a"',
].filter((one) => one !== 'unknown');

const ARGS: JsonObject = { n: 5, s: 'abc', flag: true, list: ['x', 'z'], nested: { deep: 1 } };

describe('the same as the reference implementation', () => {
  it.each(CONDITIONS)('%s', (condition) => {
    compare([when(condition)], ARGS);
    compare(['permit(principal, action, resource);', `forbid(principal, action, resource) when { ${condition} };`], ARGS);
    compare([`permit(principal, action, resource) unless { ${condition} };`], { n: 1, s: 'a*', flag: false, list: [], nested: {} });
  });

  it.each([
    'permit(principal == User::"https://i|alice", action == Action::"call", resource == Tool::"crm/get");', 'permit(principal in Role::"admin", action, resource);',
    'permit(principal is User in Group::"g", action in [Action::"see", Action::"call"], resource is Tool);', 'permit(principal is Agent, action, resource);',
    'permit(principal, action == Action::"read", resource);', 'permit(principal, action, resource is Tool in Server::"crm");', 'permit(principal, action, resource == Tool::"crm/other");',
  ])('%s', (text) => compare([text], ARGS));

  it('random policies', () => {
    const atom = fc.constantFrom(...CONDITIONS);
    const condition = fc.letrec<{ any: string }>((tie) => ({
      any: fc.oneof({ maxDepth: 3 }, atom, fc.tuple(tie('any'), tie('any')).map(([a, b]) => `(${a}) && (${b})`), fc.tuple(tie('any'), tie('any')).map(([a, b]) => `(${a}) || (${b})`), tie('any').map((a) => `!(${a})`), fc.tuple(tie('any'), tie('any'), tie('any')).map(([a, b, c]) => `if (${a}) then (${b}) else (${c})`)),
    })).any;
    const policy = fc.tuple(fc.constantFrom('permit', 'forbid'), fc.constantFrom('principal', 'principal in Role::"analyst"', 'principal in Role::"admin"'), condition).map(([effect, who, body]) => `${effect}(${who}, action, resource) when { ${body} };`);
    const args = fc.record({ n: fc.integer({ min: -5, max: 9 }), s: fc.constantFrom('abc', 'a*', ''), flag: fc.boolean(), list: fc.subarray(['x', 'y']), nested: fc.constantFrom({}, { deep: 1 }) });
    fc.assert(fc.property(fc.array(policy, { minLength: 1, maxLength: 4 }), args, fc.subarray(['analyst', 'admin']), (texts, input, roles) => compare(texts, input as unknown as JsonObject, roles)), { numRuns: 400 });
  });
});

describe('Sallyport is stricter where Cedar skips', () => {
  it('A29 an error in a policy that applies denies, also beside a permit', () => {
    const engine = engineOf(['permit(principal, action, resource);', when('context.args.missing == 1')]);
    expect(engine.decide(questionOf({}))).toMatchObject({ effect: 'deny', grant: { policies: ['p1'] } });
  });

  it('a decision that read no argument is remembered, one that did is not', () => {
    const byTool = engineOf(['permit(principal in Role::"analyst", action, resource) when { context.agent.client_id == "app" };']);
    expect(byTool.decide(questionOf(ARGS)).grant.rememberable).toBe(true);
    const byArguments = engineOf([when('context.args.n > 3')]);
    const question = questionOf(ARGS);
    expect(byArguments.decide(question)).toMatchObject({ effect: 'allow', grant: { rememberable: false } });
    expect(byArguments.decide({ ...question, input: { n: 1 } }).effect).toBe('deny');
  });

  it('A13 what no arguments can make allowed is not listed, what some could is', () => {
    const listed = (...texts: string[]): boolean => engineOf(texts).couldAllow(questionOf(undefined));
    expect(listed(when('context.args.n > 3'))).toBe(true);
    expect(listed(when('context.args.n > 3 && false'))).toBe(false);
    expect(listed(when('principal in Role::"admin" && context.args.n > 3'))).toBe(false);
    expect(listed(when('true'), 'forbid(principal, action == Action::"see", resource);')).toBe(false);
    expect(listed(when('true'), 'forbid(principal, action, resource) when { context.args.n > 3 };')).toBe(true);
    expect(listed(when('true'), 'forbid(principal, action, resource);')).toBe(false);
    expect(listed()).toBe(false);
  });

  it('J11 a pattern with many stars takes linear time per star', () => {
    const engine = engineOf([when(`context.args.s like "${'a*'.repeat(40)}b"`)]);
    const started = performance.now();
    expect(engine.decide(questionOf({ s: 'a'.repeat(20_000) })).effect).toBe('deny');
    expect(performance.now() - started).toBeLessThan(1_000);
  });
});
