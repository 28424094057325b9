/** The guard's evaluator against the reference implementation: the same decision and the same deciding policies. */
import type { JsonObject } from '@sallyport/guard';
import fc from 'fast-check';
import { describe, it } from 'vitest';
import { ARGS, compare, when } from './testing/reference.mts';

const CONDITIONS = [
  'true',
  'false',
  '1 + 2 * 3 == 7',
  '-(-3) == 3',
  '9007199254740991 * 9007199254740991 > 0',
  '1 == "1"',
  'context.args.n > 3',
  'context.args.n <= 3 || context.args has missing',
  'context.args.missing == 1',
  'context.args has s && context.args.s like "a*c"',
  'context.args.s like "*\\**"',
  '[1,2].containsAll([2,1])',
  '[1,2] == [2,1,1]',
  '{a:1,b:[2]} == {b:[2],a:1}',
  'principal has claims.level',
  'principal has claims.missing',
  'principal.claims.level == 3',
  'principal in Role::"analyst"',
  'principal in [Role::"x", Tenant::"acme"]',
  'resource in Server::"crm"',
  'resource is Tool in Server::"other"',
  'resource is Prompt',
  'resource.annotations.readOnlyHint',
  'context.source_ip.isInRange(ip("10.0.0.0/8"))',
  'ip("::1").isLoopback()',
  'ip("10.0.0.0/8").isInRange(ip("10.0.0.0/16"))',
  'ip("1.2.3.4/33") == ip("1.2.3.4")',
  'decimal("1.50") == decimal("1.5")',
  'decimal("0.1").lessThan(decimal("0.2"))',
  'decimal("1") == decimal("1.0")',
  'context.time > datetime("2023-01-01")',
  'datetime("2024-02-30") == datetime("2024-02-30")',
  'datetime("2024-01-01T01:00:00+0100") == datetime("2024-01-01")',
  'duration("1d2h").toHours() == 26',
  'datetime("1969-12-31T23:00:00Z").toDate() == datetime("1969-12-31")',
  'context.time.toTime() < duration("1d")',
  'datetime("2024-01-02").durationSince(datetime("2024-01-01")) == duration("24h")',
  'if context.args.n > 1 then context.args.s == "abc" else false',
  '!(context.args.flag)',
  'context.args.flag && 1',
  '1 && true',
  'false && 1',
  'true || 1',
  '[].isEmpty()',
  'context.args.list.contains("x")',
  'context.args.list.containsAny(["y","x"])',
  'context.args["s"] == "abc"',
  'principal.hasTag("x")',
  'User::"a" == User::"a"',
  'User::"a".name == "x"',
  'context.agent.client_id == "app"',
  'context.args.nested.deep == 1',
  'principal == User::"https://i|alice"',
  'context has session',
  'unknown',
  'context.args.n < "3"',
  '"a" like "*a*"',
  '"ab" like "a"',
].filter((one) => one !== 'unknown');

describe('the same as the reference implementation', () => {
  it.each(CONDITIONS)('%s', (condition) => {
    compare([when(condition)], ARGS);
    compare(
      ['permit(principal, action, resource);', `forbid(principal, action, resource) when { ${condition} };`],
      ARGS,
    );
    compare([`permit(principal, action, resource) unless { ${condition} };`], {
      n: 1,
      s: 'a*',
      flag: false,
      list: [],
      nested: {},
    });
  });

  it.each([
    'permit(principal == User::"https://i|alice", action == Action::"call", resource == Tool::"crm/get");',
    'permit(principal in Role::"admin", action, resource);',
    'permit(principal is User in Group::"g", action in [Action::"see", Action::"call"], resource is Tool);',
    'permit(principal is Agent, action, resource);',
    'permit(principal, action == Action::"read", resource);',
    'permit(principal, action, resource is Tool in Server::"crm");',
    'permit(principal, action, resource == Tool::"crm/other");',
  ])('%s', (text) => compare([text], ARGS));

  it('random policies', { timeout: 120_000 }, () => {
    const atom = fc.constantFrom(...CONDITIONS);
    const condition = fc.letrec<{ any: string }>((tie) => ({
      any: fc.oneof(
        { maxDepth: 3 },
        atom,
        fc.tuple(tie('any'), tie('any')).map(([a, b]) => `(${a}) && (${b})`),
        fc.tuple(tie('any'), tie('any')).map(([a, b]) => `(${a}) || (${b})`),
        tie('any').map((a) => `!(${a})`),
        fc.tuple(tie('any'), tie('any'), tie('any')).map(([a, b, c]) => `if (${a}) then (${b}) else (${c})`),
      ),
    })).any;
    const policy = fc
      .tuple(
        fc.constantFrom('permit', 'forbid'),
        fc.constantFrom('principal', 'principal in Role::"analyst"', 'principal in Role::"admin"'),
        condition,
      )
      .map(([effect, who, body]) => `${effect}(${who}, action, resource) when { ${body} };`);
    const args = fc.record({
      n: fc.integer({ min: -5, max: 9 }),
      s: fc.constantFrom('abc', 'a*', ''),
      flag: fc.boolean(),
      list: fc.subarray(['x', 'y']),
      nested: fc.constantFrom({}, { deep: 1 }),
    });
    fc.assert(
      fc.property(
        fc.array(policy, { minLength: 1, maxLength: 4 }),
        args,
        fc.subarray(['analyst', 'admin']),
        (texts, input, roles) => compare(texts, input as unknown as JsonObject, roles),
      ),
      { numRuns: 400 },
    );
  });
});
