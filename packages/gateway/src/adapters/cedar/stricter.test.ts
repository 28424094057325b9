/** Where the guard's evaluator differs from Cedar on purpose, and what it adds to it. */
import { describe, expect, it } from 'vitest';
import { ARGS, engineOf, questionOf, when } from './testing/reference.mts';

describe('Sallyport is stricter where Cedar skips', () => {
  it('A29 an error in a policy that applies denies, also beside a permit', () => {
    const engine = engineOf(['permit(principal, action, resource);', when('context.args.missing == 1')]);
    expect(engine.decide(questionOf({}))).toMatchObject({ effect: 'deny', grant: { policies: ['p1'] } });
  });

  it('a decision that read no argument is remembered, one that did is not', () => {
    const byTool = engineOf([
      'permit(principal in Role::"analyst", action, resource) when { context.agent.client_id == "app" };',
    ]);
    expect(byTool.decide(questionOf(ARGS)).grant.cacheable).toBe(true);
    const byArguments = engineOf([when('context.args.n > 3')]);
    const question = questionOf(ARGS);
    expect(byArguments.decide(question)).toMatchObject({ effect: 'allow', grant: { cacheable: false } });
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
    for (const never of ['context.mtls', 'context has approval', 'context.labels.contains("pii")'])
      expect(listed(when(never)), never).toBe(false);
    for (const always of ['!context.mtls', 'context has session', 'context.labels.isEmpty()'])
      expect(listed(when(always)), always).toBe(true);
  });

  it('J11 a pattern with many stars takes linear time per star', () => {
    const engine = engineOf([when(`context.args.s like "${'a*'.repeat(40)}b"`)]);
    const cpuBefore = process.cpuUsage();
    expect(engine.decide(questionOf({ s: 'a'.repeat(20_000) })).effect).toBe('deny');
    expect(process.cpuUsage(cpuBefore).user / 1_000, 'milliseconds of CPU time').toBeLessThan(1_000);
  });
});
