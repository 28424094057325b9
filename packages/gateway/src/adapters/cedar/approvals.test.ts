/** What policies ask of people: the annotation of a permit, and the conditions of rules. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Definition, Digest } from '@sallyport/guard';
import { closest } from '../../config/suggest.ts';
import { checkCondition, loadCondition, type ConditionText } from './condition.ts';
import { loadPolicies } from './load.ts';
import { ARGS, questionOf } from './testing/reference.mts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'sallyport-policies-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

function engine(text: string) {
  writeFileSync(join(folder, 'a.cedar'), text);
  return loadPolicies(folder, { now: () => 0 }).engine;
}

const ASKS = '@id("big") @require_approval("group:finance-leads, 2 of 3, 30m")\npermit (principal, action, resource)';
const PLAIN = 'permit (principal, action, resource)';
const asked = (text: string, input: object = ARGS): readonly string[] | string => {
  const { effect, grant } = engine(text).decide(questionOf(input as typeof ARGS));
  return effect === 'deny' ? effect : (grant.approvals ?? []).map(({ demand }) => demand.source);
};

describe('@require_approval', () => {
  it('is what the grant asks of people', () => {
    expect(engine(`${ASKS};`).decide(questionOf(ARGS))).toMatchObject({
      effect: 'allow',
      grant: {
        policies: ['big'],
        approvals: [
          { demand: { approvers: [{ name: 'finance-leads' }], required: 2, source: 'policy big' }, ttlMs: 1_800_000 },
        ],
      },
    });
  });

  it('asks where its policy permits the call, also when another permits it without asking', () => {
    expect(asked(`${ASKS} when { context.args.n > 3 };`, { n: 4 })).toEqual(['policy big']);
    expect(asked(`${ASKS} when { context.args.n > 3 };\n${PLAIN};`, { n: 4 })).toEqual(['policy big']);
    expect(asked(`${ASKS} when { context.args.n > 3 };\n${PLAIN};`, { n: 3 })).toEqual([]);
  });

  it('of two policies asks both', () => {
    const second = ASKS.replace('big', 'second').replace('finance-leads', 'legal');
    expect(asked(`${ASKS};\n${second};`)).toEqual(['policy big', 'policy second']);
  });

  it('a forbid still wins, and lists do not change', () => {
    expect(asked(`${ASKS};\nforbid (principal, action, resource);`)).toBe('deny');
    expect(engine(`${ASKS} when { context.args.n > 3 };`).couldAllow(questionOf(undefined))).toBe(true);
    expect(engine(`${ASKS} when { false };`).couldAllow(questionOf(undefined))).toBe(false);
  });

  it.each([
    [`// one\n${ASKS.replace('2 of 3', '2 off 3')};`, /a\.cedar:2:12: @require_approval: "2 off 3" is none of/],
    [`@require_aproval("group:a")\n${PLAIN};`, /a\.cedar:1:1: there is no annotation @require_aproval; did you mean/],
    [`@require_approval("group:a")\nforbid (principal, action, resource);`, /a\.cedar:1:1: .* at a forbid/],
  ])('%j is refused when it is loaded, with its place', (text, message) => {
    expect(() => engine(text)).toThrow(message);
  });
});

const when = (text: string): ConditionText => ({
  text,
  field: 'approvals.rules.0.when',
  at: { file: 'sallyport.yaml', line: 7, column: 13 },
});

describe('the condition of a rule', () => {
  it.each<[text: string, input: object, holds: boolean | 'unclear']>([
    ['context.args.n > 3', { n: 4 }, true],
    ['context.args.n > 3', { n: 3 }, false],
    ['context.args.n > 3', {}, 'unclear'],
    ['context.args.n > 3', { n: 'four' }, 'unclear'],
    ['context.args has n && context.args.n > 3', {}, false],
    ['context.args.n', { n: 4 }, 'unclear'],
    ['principal in Role::"analyst" // a comment', {}, true],
    ['resource.server == "nowhere"', {}, false],
  ])('%s for %j: %s', (text, input, holds) => {
    expect(loadCondition(when(text))(questionOf(input as typeof ARGS), 0)).toBe(holds);
  });

  it.each([
    ['context.args.n >', /^sallyport\.yaml:7:13: approvals\.rules\.0\.when: is no Cedar expression/],
    ['context.args.n > 3 } unless { false', /must be one Cedar expression/],
    ['true }; permit (principal, action, resource) when { true', /must be one Cedar expression/],
    ['', /when/],
  ])('%j is refused with file, line and field', (text, message) => {
    expect(() => loadCondition(when(text))).toThrow(message);
  });

  const pay: Definition = {
    server: 'bank',
    kind: 'tool',
    name: 'pay',
    digest: 'sha256:0' as Digest,
    labels: [],
    document: { inputSchema: { type: 'object', properties: { amount: { type: 'integer' } } } },
  };
  it.each([
    ['context.args.amout > 1', { server: 'bank', tool: 'pay' }, /has an argument "amout"; did you mean "amount"/],
    [
      'context.args has amount && context.args.amount > "1"',
      { server: '*', tool: '*' },
      /for bank\/pay; a call for which/,
    ],
    ['context.args has amount && context.args.amount > 1', { server: 'bank', tool: '*' }, undefined],
    ['context.args.anything > 1', { server: 'crm', tool: '*' }, undefined],
  ])('%s is checked against the pinned tools of its rule', (text, rule, message) => {
    const findings = checkCondition(when(text), rule, [pay], closest);
    if (message === undefined) return expect(findings).toEqual([]);
    expect(findings).toMatchObject([{ line: 7, column: 13, message: expect.stringMatching(message) as string }]);
  });
});
