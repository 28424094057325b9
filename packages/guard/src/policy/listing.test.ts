/** A13: a definition is listed when some arguments could be allowed. */
import { describe, expect, it } from 'vitest';
import type { DefinitionKind } from '../call.ts';
import type { Action } from '../methods.ts';
import type { PolicyJson } from './cedar.ts';
import { policy, variable, literal, attribute, equals, exactly, listed, MISSING, ARG } from './testing/policies.mts';

describe('A13 what is listed', () => {
  const UNSURE = ARG;
  it.each<[name: string, policies: PolicyJson[], shown: boolean]>([
    ['nothing without a policy', [], false],
    ['what is permitted', [policy('permit')], true],
    ['what some arguments make permitted', [policy('permit', UNSURE)], true],
    ['not what none can', [policy('permit', { '&&': { left: UNSURE, right: literal(false) } })], false],
    [
      'not what none can, the other way round',
      [policy('permit', { '&&': { left: literal(false), right: UNSURE } })],
      false,
    ],
    ['what one of two makes permitted', [policy('permit', { '||': { left: UNSURE, right: literal(true) } })], true],
    ['not what is forbidden for sure', [policy('permit'), policy('forbid')], false],
    [
      'not what may not be called, although it may be seen',
      [policy('permit'), policy('forbid', undefined, { action: exactly('Action', 'call') })],
      false,
    ],
    ['what some arguments forbid', [policy('permit'), policy('forbid', UNSURE)], true],
    [
      'not what may not be seen',
      [policy('permit'), policy('forbid', undefined, { action: exactly('Action', 'see') })],
      false,
    ],
    [
      'what may not be read, which a tool is not',
      [policy('permit'), policy('forbid', undefined, { action: exactly('Action', 'read') })],
      true,
    ],
    ['A29 not what always fails', [policy('permit'), policy('permit', MISSING)], false],
    [
      'A29 what fails for some arguments',
      [policy('permit'), policy('permit', equals(attribute(variable('context'), 'args', 'missing'), literal(1)))],
      true,
    ],
    [
      'what fails only after an unknown condition',
      [
        policy('permit'),
        policy('forbid', undefined, {
          conditions: [
            { kind: 'when', body: UNSURE },
            { kind: 'when', body: MISSING },
          ],
        }),
      ],
      true,
    ],
    [
      'what fails only behind an unknown operand',
      [policy('permit'), policy('forbid', { '&&': { left: UNSURE, right: MISSING } })],
      true,
    ],
    [
      'not what only being seen is permitted for',
      [policy('permit', undefined, { action: exactly('Action', 'see') })],
      false,
    ],
    [
      'what an unless may exclude',
      [policy('permit', undefined, { conditions: [{ kind: 'unless', body: UNSURE }] })],
      true,
    ],
    [
      'an unknown choice',
      [policy('permit', { 'if-then-else': { if: UNSURE, then: literal(true), else: literal(false) } })],
      true,
    ],
    [
      'an unknown comparison',
      [policy('permit', { '!=': { left: attribute(variable('context'), 'args', 'n'), right: literal(1) } })],
      true,
    ],
    [
      'an unknown right side',
      [policy('permit', equals(literal(1), attribute(variable('context'), 'args', 'n')))],
      true,
    ],
    [
      'an unknown member of a set',
      [
        policy('permit', {
          contains: { left: { Set: [attribute(variable('context'), 'args', 'n')] }, right: literal(1) },
        }),
      ],
      true,
    ],
    [
      'all of a set with an unknown member',
      [
        policy('permit', {
          containsAll: { left: { Set: [attribute(variable('context'), 'args', 'n')] }, right: { Set: [literal(1)] } },
        }),
      ],
      true,
    ],
    [
      'an unknown attribute',
      [policy('permit', { has: { left: attribute(variable('context'), 'args'), attr: 'n' } })],
      true,
    ],
    ['a session that may be there', [policy('permit', { has: { left: variable('context'), attr: 'session' } })], true],
  ])('%s: %#', (_name, policies, shown) => expect(listed(policies)).toBe(shown));

  it.each<[kind: DefinitionKind, action: Action]>([
    ['tool', 'call'],
    ['prompt', 'get'],
    ['resource', 'read'],
    ['resource_template', 'read'],
    ['server', 'see'],
  ])('a %s is listed when some %s of it is permitted', (kind, action) => {
    for (const one of ['call', 'get', 'read', 'see', 'complete', 'subscribe'] as const)
      expect([
        one,
        listed([policy('permit', undefined, { action: exactly('Action', one) })], { definition: { kind } }),
      ]).toEqual([one, one === action]);
  });

  it('does not depend on the arguments of the request', () =>
    expect(listed([policy('permit', UNSURE)], { input: { n: 2 } })).toBe(true));
});
