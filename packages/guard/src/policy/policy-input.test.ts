/** What a policy can read about a request. */
import { describe, expect, it } from 'vitest';
import type { JsonObject } from '../call.ts';
import {
  policy,
  variable,
  literal,
  attribute,
  equals,
  decide,
  allows,
  type Body,
  type Changes,
} from './testing/policies.mts';

describe('what a policy sees', () => {
  it.each<[name: string, body: Body, changes?: Changes]>([
    ['the issuer', equals(attribute(variable('principal'), 'issuer'), literal('https://i'))],
    ['the subject', equals(attribute(variable('principal'), 'subject'), literal('alice'))],
    ['the tenant that the guard settled', equals(attribute(variable('principal'), 'tenant'), literal('acme'))],
    ['roles', equals(attribute(variable('principal'), 'roles'), { Set: [literal('analyst')] })],
    ['groups', equals(attribute(variable('principal'), 'groups'), { Set: [literal('staff')] })],
    ['scopes', equals(attribute(variable('principal'), 'scopes'), { Set: [literal('mcp')] })],
    ['claims', equals(attribute(variable('principal'), 'claims', 'level'), literal(3))],
    ['the server', equals(attribute(variable('resource'), 'server'), literal('crm'))],
    ['the name', equals(attribute(variable('resource'), 'name'), literal('get'))],
    ['labels', equals(attribute(variable('resource'), 'labels'), { Set: [literal('internal')] })],
    ['the pin', equals(attribute(variable('resource'), 'pin'), literal('sha256:0'))],
    ['annotations', attribute(variable('resource'), 'annotations', 'readOnlyHint')],
    ['the agent', equals(attribute(variable('context'), 'agent', 'client_id'), literal('app'))],
    ['its actors', equals(attribute(variable('context'), 'agent', 'actors'), { Set: [literal('bot')] })],
    ['that there is an agent', { has: { left: variable('context'), attr: 'agent' } }],
    ['the session', equals(attribute(variable('context'), 'session'), literal('s1')), { session: 's1' }],
    ['the address', equals(attribute(variable('context'), 'source_ip'), { ip: [literal('10.1.2.3')] })],
    [
      'a mapped address as what it is',
      { isInRange: [attribute(variable('context'), 'source_ip'), { ip: [literal('10.0.0.0/8')] }] },
      { address: '::ffff:10.1.2.3' },
    ],
    ['the time', equals(attribute(variable('context'), 'time'), { datetime: [literal('2023-11-14T22:13:20Z')] })],
    ['no client certificate', { '!': { arg: attribute(variable('context'), 'mtls') } }],
    [
      'fractions of up to four digits',
      equals(attribute(variable('context'), 'args', 'x'), { decimal: [literal('1.5')] }),
      { input: { x: 1.5 } },
    ],
    [
      'arguments deep inside',
      equals(attribute(variable('context'), 'args', 'a', 'b'), literal('c')),
      { input: { a: { b: 'c' } } },
    ],
  ])('%s', (_name, body, changes) => expect(allows(body, changes)).toBe(true));

  it.each<[name: string, body: Body, changes?: Changes]>([
    ['J1 members of every object', { has: { left: attribute(variable('context'), 'args'), attr: 'constructor' } }],
    ['J1 the prototype', { has: { left: attribute(variable('principal'), 'claims'), attr: '__proto__' } }],
    ['a claim that is null', { has: { left: attribute(variable('principal'), 'claims'), attr: 'none' } }],
    ['a session when there is none', { has: { left: variable('context'), attr: 'session' } }],
    ['an address when there is none', { has: { left: variable('context'), attr: 'source_ip' } }, { address: '' }],
    ['an approval', { has: { left: variable('context'), attr: 'approval' } }],
    ['what nobody defined', { has: { left: variable('context'), attr: 'admin' } }],
  ])('not %s', (_name, body, changes) => {
    expect(allows(body, changes)).toBe(false);
    expect(allows({ '!': { arg: body } }, changes)).toBe(true);
  });

  it.each<[name: string, input: JsonObject]>([
    ['null in a list', { x: [null] }],
    ['a number of five decimals', { x: 1.00001 }],
    ['a number in exponents', { x: 1e-7 }],
  ])('A29 %s has no value: who reads it denies', (_name, input) => {
    expect(
      decide([policy('permit'), policy('forbid', equals(attribute(variable('context'), 'args', 'x'), literal(1)))], {
        input,
      }),
    ).toMatchObject({ effect: 'deny', grant: { policies: ['p1'] }, error: expect.any(String) as string });
  });
});
