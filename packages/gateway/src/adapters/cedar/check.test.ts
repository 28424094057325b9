import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Definition, Digest } from '@sallyport/guard';
import { closest } from '../../config/suggest.ts';
import { checkPolicies } from './check.ts';
import { loadPolicies, PolicyLoadError } from './load.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'sallyport-policies-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));
const clock = { now: () => 0 };

const tool = (name: string, properties: object, required: string[] = []): Definition => ({
  server: 'crm',
  kind: 'tool',
  name,
  digest: `sha256:${name}` as Digest,
  labels: [],
  document: { inputSchema: { type: 'object', properties, required } } as never,
});
const definitions = [
  tool('get_customer', { id: { type: 'integer' } }, ['id']),
  tool('search', { query: { type: 'string' }, limit: { type: 'integer' } }, ['query']),
];

function check(text: string) {
  writeFileSync(join(folder, 'a.cedar'), text);
  return checkPolicies(loadPolicies(folder, clock).policies, definitions, closest);
}

describe('sallyport check of policies', () => {
  it.each([
    'permit(principal in Role::"admin", action, resource in Server::"crm");',
    'permit(principal, action == Action::"call", resource == Tool::"crm/get_customer") when { context.args.id < 100 };',
    'forbid(principal, action, resource) when { context.args has query && context.args.query like "*password*" };',
    'permit(principal, action, resource) when { principal.claims.level == 3 };',
  ])('accepts %s', (text) => expect(check(text)).toEqual([]));

  it.each([
    [
      'a tool that does not exist',
      'permit(principal, action,\n  resource == Tool::"crm/get_custmer");',
      2,
      /no Tool "crm\/get_custmer".*did you mean "crm\/get_customer"/,
    ],
    [
      'a server that does not exist',
      'permit(principal, action, resource in Server::"crn");',
      1,
      /no Server "crn".*did you mean "crm"/,
    ],
    [
      'an action that does not exist',
      'permit(principal, action == Action::"cal", resource);',
      1,
      /no action "cal".*did you mean "call"/,
    ],
    [
      'an entity type that does not exist',
      'permit(principal in Roles::"x", action, resource);',
      1,
      /no entity type Roles.*did you mean "Role"/,
    ],
    [
      'an argument that does not exist',
      'permit(principal, action, resource == Tool::"crm/search")\nwhen { context.args.querry == "x" };',
      2,
      /no tool .* argument "querry".*did you mean "query"/,
    ],
    [
      'an argument tested with has',
      'forbid(principal, action, resource) when { context.args has qery };',
      1,
      /argument "qery"/,
    ],
    [
      'an argument of another type',
      'permit(principal, action, resource == Tool::"crm/get_customer") ' +
        'when { context.args.id == "7" || context.args.id < "8" };',
      1,
      /crm\/get_customer/,
    ],
    [
      'an argument that only some tools have, without has',
      'permit(principal, action, resource) when { context.args.query == "x" };',
      1,
      /crm\/get_customer/,
    ],
  ])('refuses %s', (_name, text, line, message) => {
    const findings = check(text);
    expect(findings[0]).toMatchObject({ severity: 'error', line, file: join(folder, 'a.cedar') });
    expect(findings[0]?.message).toMatch(message);
  });

  it.each([
    ['allOf', { properties: { id: { type: 'integer' } }, allOf: [{ properties: { note: { type: 'string' } } }] }],
    ['additionalProperties', { properties: { id: { type: 'integer' } }, additionalProperties: { type: 'string' } }],
    ['no properties', {}],
    [
      'a nested field of two types',
      { properties: { note: { type: 'object', properties: { text: { type: ['string', 'null'] } } } } },
    ],
    ['an object of any fields', { properties: { note: { type: 'object' } } }],
  ])('accepts an argument that a schema lets through by %s', (_name, rest) => {
    const inputSchema = { type: 'object', ...rest };
    writeFileSync(
      join(folder, 'a.cedar'),
      'permit(principal, action, resource) when { context.args has note && context.args.note == "x" };\n' +
        'permit(principal, action, resource) when { context.args has note.text && context.args.note.text == "x" };',
    );
    expect(
      checkPolicies(
        loadPolicies(folder, clock).policies,
        [{ ...(definitions[0] as Definition), document: { inputSchema } as never }],
        closest,
      ),
    ).toEqual([]);
  });

  it('says where the syntax is wrong', () => {
    writeFileSync(
      join(folder, 'b.cedar'),
      'permit(principal, action, resource);\n\npermit(principal action, resource);',
    );
    expect(() => loadPolicies(folder, clock)).toThrow(PolicyLoadError);
    expect(() => loadPolicies(folder, clock)).toThrow(/b\.cedar:3:18/);
  });

  it('counts columns in characters, after letters of more than one byte too', () => {
    writeFileSync(
      join(folder, 'b.cedar'),
      '// für die Müller-Abteilung 😀\npermit(principal, action, resource); // é\n/* é */'.replace(
        '/* é */',
        'permit(principal action, resource);',
      ),
    );
    expect(() => loadPolicies(folder, clock)).toThrow(/b\.cedar:3:18/);
  });

  it('refuses a number that would be rounded, and says where; in a string it is text', () => {
    writeFileSync(
      join(folder, 'b.cedar'),
      'permit(principal, action, resource)\nwhen { context.args.id < 9007199254740993 };',
    );
    expect(() => loadPolicies(folder, clock)).toThrow(/b\.cedar:2:26: .*rounded/);
    writeFileSync(
      join(folder, 'b.cedar'),
      '// 9007199254740993\npermit(principal, action, resource) when { principal.subject == "a\\"9007199254740993" };',
    );
    expect(loadPolicies(folder, clock).policies).toHaveLength(1);
  });

  it('names a file that cannot be read', () => {
    mkdirSync(join(folder, 'old.cedar'));
    expect(() => loadPolicies(folder, clock)).toThrow(PolicyLoadError);
    expect(() => loadPolicies(folder, clock)).toThrow(/old\.cedar:1:1: the file cannot be read/);
  });

  it('warns when nothing is pinned yet', () => {
    writeFileSync(join(folder, 'a.cedar'), 'permit(principal, action, resource == Tool::"x/y");');
    expect(checkPolicies(loadPolicies(folder, clock).policies, [], closest)).toMatchObject([{ severity: 'warning' }]);
  });

  it('a change of the files is another revision; without policies everything is denied', () => {
    writeFileSync(join(folder, 'a.cedar'), 'permit(principal, action, resource);');
    const first = loadPolicies(folder, clock).revision;
    writeFileSync(join(folder, 'a.cedar'), 'forbid(principal, action, resource);');
    expect(loadPolicies(folder, clock).revision).not.toBe(first);
    expect(loadPolicies(undefined, clock).policies).toEqual([]);
  });
});
