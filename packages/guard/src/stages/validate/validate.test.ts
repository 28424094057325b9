import { describe, expect, it } from 'vitest';
import type { Call, Definition, JsonObject } from '../../call.ts';
import { GuardError } from '../../errors.ts';
import { METHODS } from '../../methods.ts';
import { compileSchema, createValidate } from './index.ts';
import type { Digest } from '../../identifiers.ts';

const row = METHODS['tools/call'];
let serial = 0;
const toolOf = (inputSchema: object): Definition => ({
  server: 'crm',
  kind: 'tool',
  name: 't',
  digest: `sha256:${serial++}` as Digest,
  labels: [],
  document: { inputSchema } as never,
});
const call = (args: unknown): Call => ({ params: { name: 't', arguments: args } }) as unknown as Call;
const strict = createValidate({ additionalArguments: () => 'reject' });

function errorOf(schema: object, args: unknown): GuardError | undefined {
  try {
    strict(call(args), row, toolOf(schema));
    return undefined;
  } catch (thrown) {
    if (thrown instanceof GuardError) return thrown;
    throw thrown;
  }
}
const properties = (fields: object, required: string[] = []): object => ({
  type: 'object',
  properties: fields,
  required,
});

describe('arguments', () => {
  it.each([
    ['J10 "1" is no integer', { n: { type: 'integer' } }, { n: '1' }],
    ['J10 "false" is no boolean', { b: { type: 'boolean' } }, { b: 'false' }],
    ['J10 null is no string', { s: { type: 'string' } }, { s: null }],
    ['J10 a number is no string', { s: { type: 'string' } }, { s: 1 }],
    ['J9 an argument that the schema does not declare', { s: { type: 'string' } }, { s: 'x', extra: 1 }],
    ['an unknown enum value', { e: { enum: ['a', 'b'] } }, { e: 'c' }],
    [
      'two equal items',
      { l: { type: 'array', uniqueItems: true } },
      {
        l: [
          { a: 1, b: 2 },
          { b: 2, a: 1 },
        ],
      },
    ],
    ['arguments that are a list', {}, []],
    ['not a date', { d: { type: 'string', format: 'date' } }, { d: '2026-02-30' }],
  ])('%s is refused', (_name, fields, args) => expect(errorOf(properties(fields), args)?.code).toBe('invalid_input'));

  it('J8 a tool whose results cannot be checked is not executed', () => {
    const definition = toolOf({ type: 'object' });
    const broken = { ...definition, document: { ...definition.document, outputSchema: { $ref: 'https://x.test/s' } } };
    expect(() => strict(call({}), row, broken)).toThrow(/cannot be checked safely/);
    const { document } = toolOf({ type: 'object' });
    const sound = { ...toolOf({ type: 'object' }), document: { ...document, outputSchema: { type: 'object' } } };
    expect(() => strict(call({}), row, sound)).not.toThrow();
  });

  it('J10 are neither completed with defaults nor changed', () => {
    const args = { n: 1 };
    expect(
      strict(call(args), row, toolOf(properties({ n: { type: 'integer' }, d: { type: 'string', default: 'x' } }))),
    ).toBe(args);
    expect(args).toEqual({ n: 1 });
  });

  it('J9 that are not declared are decided by the operator, or by the schema where it has a keyword', () => {
    const open = createValidate({ additionalArguments: () => 'allow' });
    expect(() => open(call({ extra: 1 }), row, toolOf(properties({})))).not.toThrow();
    expect(errorOf({ ...properties({}), additionalProperties: true }, { extra: 1 })).toBeUndefined();
  });

  it('the refusal names the field and the reason, and never a value or a name of the caller', () => {
    const error = errorOf(properties({ user: properties({ age: { type: 'integer' } }) }), {
      user: { age: 'canary-1' },
    });
    expect(error?.message).toContain('/user/age must be integer');
    const extra = errorOf({ ...properties({}), additionalProperties: { type: 'integer' } }, { 'canary-2': 'canary-3' });
    expect(JSON.stringify([error?.message, error?.detail, extra?.message, extra?.detail])).not.toContain('canary');
  });
});

describe('J7 patterns run in linear time', () => {
  it.each(['(a+)+$', '^(.*a){20}$', '([a-zA-Z]+)*$', '(a|aa)+$', '(.*)*x'])('%s', (pattern) => {
    const check = compileSchema({ type: 'string', pattern });
    const cpuBefore = process.cpuUsage();
    check(`${'a'.repeat(2_000)}!`);
    expect(process.cpuUsage(cpuBefore).user / 1_000, 'milliseconds of CPU time').toBeLessThan(1_000);
  });

  it('a pattern that needs backtracking does not compile, and the call is refused', () => {
    expect(() => compileSchema({ type: 'string', pattern: '(a)\\1' })).toThrow();
    expect(errorOf(properties({ s: { type: 'string', pattern: '(?=a)b' } }), { s: 'b' })?.code).toBe('invalid_input');
  });
});

describe('J8 schemas that cost too much or reach out do not compile', () => {
  const chain = (links: number): JsonObject => ({
    $ref: '#/$defs/n0',
    $defs: Object.fromEntries(
      Array.from({ length: links }, (_, at) => [
        `n${at}`,
        at === links - 1
          ? { type: 'string' }
          : { allOf: [{ $ref: `#/$defs/n${at + 1}` }, { $ref: `#/$defs/n${at + 1}` }] },
      ]),
    ),
  });
  const deep = (levels: number): JsonObject => (levels === 0 ? {} : { properties: { a: deep(levels - 1) } });
  it.each<[string, JsonObject]>([
    ['http $ref', { $ref: 'http://169.254.169.254/x' }],
    ['file $ref', { properties: { a: { $ref: 'file:///etc/passwd' } } }],
    ['relative $ref', { $ref: 'other.json' }],
    ['$dynamicRef', { $dynamicRef: '#x' }],
    ['exponential allOf', chain(40)],
    ['1,000 deep', deep(1_000)],
    ['5 MB', { enum: ['x'.repeat(5_000_000)] }],
  ])('%s', (_name, schema) => expect(() => compileSchema(schema)).toThrow());

  it('a schema that refers to itself compiles', () => {
    const check = compileSchema({
      $ref: '#/$defs/node',
      $defs: { node: { type: 'object', properties: { next: { $ref: '#/$defs/node' }, v: { type: 'integer' } } } },
    });
    expect(check({ v: 1, next: { v: 2 } })).toEqual([]);
    expect(check({ next: { v: 'x' } })).not.toEqual([]);
  });

  it('an $id of one tool does not reach the schema of another', () => {
    compileSchema({ $id: 'https://x.test/shared', type: 'integer' });
    expect(compileSchema({ $id: 'https://x.test/shared', type: 'string' })('x')).toEqual([]);
  });

  it('uniqueItems of 20,000 objects takes linear time', () => {
    const check = compileSchema({ type: 'array', uniqueItems: true });
    const cpuBefore = process.cpuUsage();
    expect(check(Array.from({ length: 20_000 }, (_, id) => ({ id })))).toEqual([]);
    expect(process.cpuUsage(cpuBefore).user / 1_000, 'milliseconds of CPU time').toBeLessThan(2_000);
  });
});

it('a prompt accepts declared arguments as strings, and needs the required ones', () => {
  const prompt: Definition = {
    server: 'crm',
    kind: 'prompt',
    name: 'p',
    digest: 'sha256:p' as Digest,
    labels: [],
    document: { arguments: [{ name: 'a', required: true }, { name: 'b' }] },
  };
  const get = METHODS['prompts/get'];
  expect(() => strict(call({ a: 'x' }), get, prompt)).not.toThrow();
  for (const args of [{}, { a: 1 }, { a: 'x', c: 'y' }])
    expect(() => strict(call(args), get, prompt)).toThrow(GuardError);
});
