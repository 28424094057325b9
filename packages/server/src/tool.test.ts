/** What an author writes: types, what is published, and what is refused when it is defined. */
import { describe, expect, expectTypeOf, it } from 'vitest';
import { z } from 'zod';
import type { StandardSchema } from './index.ts';
import { prompt, resource, resourceTemplate, secureServer, tool } from './index.ts';

const base = { name: 'get_customer', description: 'Gets one.', effect: 'read', permission: 'everyone' } as const;
const text = { type: 'string', maxLength: 40 } as const;

describe('types', () => {
  it('of a handler are those that the schema makes of the input', () => {
    tool({
      ...base,
      input: z.object({ id: z.string(), history: z.boolean().default(false), at: z.string().transform(Number) }),
      output: z.object({ name: z.string() }),
      run: ({ input }) => {
        expectTypeOf(input).toEqualTypeOf<{ id: string; history: boolean; at: number }>();
        return { name: input.id };
      },
    });
    tool({
      ...base,
      input: z.object({ id: z.string() }),
      output: z.object({ name: z.string() }),
      // @ts-expect-error: the result has no name.
      run: () => ({ title: 'x' }),
    });
    resourceTemplate({
      uri: 'crm://customers/{id}',
      name: 'customer',
      description: 'One customer.',
      permission: 'everyone',
      input: z.object({ id: z.coerce.number() }),
      read: ({ input }) => {
        expectTypeOf(input.id).toBeNumber();
        return 'x';
      },
    });
    tool({
      ...base,
      input: z.object({ amount: z.number() }),
      permission: { oneOf: ['small', 'large'], of: ({ amount }) => (amount > 1 ? 'large' : 'small') },
      run: () => 'x',
    });
    expect(true).toBe(true);
  });
});

describe('what is published', () => {
  it('is JSON Schema 2020-12 that takes no members but the declared ones, at every depth (J9)', () => {
    const inner = z.object({ street: z.string() });
    const { document } = tool({
      ...base,
      input: z.object({
        address: inner,
        list: z.array(inner),
        either: z.discriminatedUnion('kind', [z.object({ kind: z.literal('a') }), z.object({ kind: z.literal('b') })]),
        count: z.number().default(3),
      }),
      run: () => 'x',
    });
    const closed = { type: 'object', additionalProperties: false };
    expect(document['inputSchema']).toMatchObject({
      ...closed,
      properties: {
        address: closed,
        list: { items: closed },
        either: { oneOf: [closed, closed] },
      },
      required: ['address', 'list', 'either'],
    });
    expect(document['inputSchema']).not.toHaveProperty('$schema');
  });

  it('leaves the parts of one object open, and closes what is around them', () => {
    const { document } = tool({
      ...base,
      input: { type: 'object', properties: { a: text }, anyOf: [{ properties: { b: text } }, { required: ['a'] }] },
      run: () => 'x',
    });
    expect(document['inputSchema']).toEqual({
      type: 'object',
      properties: { a: text },
      anyOf: [{ properties: { b: text } }, { required: ['a'] }],
      unevaluatedProperties: false,
    });
  });

  it.each([
    ['read', { readOnlyHint: true, destructiveHint: false, idempotentHint: true, openWorldHint: false }],
    ['write', { readOnlyHint: false, destructiveHint: false, idempotentHint: false, openWorldHint: false }],
    ['delete', { readOnlyHint: false, destructiveHint: true, idempotentHint: false, openWorldHint: false }],
    ['send', { readOnlyHint: false, destructiveHint: false, idempotentHint: false, openWorldHint: true }],
  ] as const)('the annotations of effect %s', (effect, annotations) => {
    expect(tool({ ...base, effect, input: { type: 'object' }, run: () => 'x' }).document['annotations']).toEqual(
      annotations,
    );
  });

  it('takes any library that speaks Standard JSON Schema', () => {
    const schema: StandardSchema = {
      '~standard': {
        version: 1,
        vendor: 'another',
        validate: (value) => ({ value }),
        jsonSchema: { input: () => ({ type: 'object', properties: { id: text } }), output: () => ({ type: 'object' }) },
      },
    };
    expect(tool({ ...base, input: schema, run: () => 'x' }).document['inputSchema']).toMatchObject({
      properties: { id: text },
    });
  });
});

const object = { type: 'object', properties: {} };
const made = (changes: object): unknown => tool({ ...base, input: object, run: () => 'x', ...changes });
const property = (schema: object): object => ({ input: { type: 'object', properties: { id: schema } } });
const item = { name: 'terms', description: 'Terms.', permission: 'everyone' };

describe('is refused when it is defined', () => {
  it.each<[what: string, make: () => unknown, message: RegExp]>([
    ['a name with a space', () => made({ name: 'a b' }), /A-Za-z0-9/],
    ['no permission', () => made({ permission: undefined }), /permission must be/],
    ['an effect that is none', () => made({ effect: 'mutate' }), /effect must be one of read, write, delete, send/],
    ['a limit that is none', () => made({ limit: '60 per minute' }), /60\/min/],
    ['an approval that is none', () => made({ approval: 'the boss' }), /approval/],
    ['a schema of no object', () => made({ input: { type: 'string' } }), /type: 'object'/],
    ['a type that is none', () => made(property({ type: 'intger' })), /cannot be used/],
    ['a reference that leaves the schema', () => made(property({ $ref: 'https://x/y' })), /leaves the schema/],
    ['a pattern that backtracks', () => made(property({ type: 'string', pattern: '(a)\\1' })), /cannot be used/],
    ['a schema without JSON Schema', () => made({ input: z.object({ at: z.date() }) }), /has no JSON Schema/],
    [
      'a library without JSON Schema',
      () => made({ input: { '~standard': { version: 1, vendor: 'old', validate: () => ({ value: 1 }) } } }),
      /schema of old that has no JSON Schema/,
    ],
    ['an example that does not match', () => made({ examples: [{ id: 1 }] }), /example 1 does not match/],
    [
      'an example that the library refuses',
      () => made({ input: z.object({ n: z.number().refine((n) => n % 2 === 0, 'odd') }), examples: [{ n: 1 }] }),
      /odd/,
    ],
    ['a URI with dot segments', () => resource({ ...item, uri: 'crm://a/../b', read: () => '' }), /the URI/],
    [
      'a template with an operator',
      () => resourceTemplate({ ...item, uri: 'crm://{+path}', input: object, read: () => '' }),
      /written like \{id\}|template/,
    ],
    [
      'a completion of nothing',
      () => prompt({ ...item, input: object, complete: { city: () => [] }, run: () => '' }),
      /no argument city/,
    ],
    ['two tools of one name', () => secureServer({ name: 'crm', tools: [made({}), made({})] as never }), /two tools/],
    [
      'an item that was written by hand',
      () => secureServer({ name: 'crm', tools: [{ ...(made({}) as object) }] as never }),
      /not made by/,
    ],
    ['a server name with capitals', () => secureServer({ name: 'CRM' }), /a-z0-9/],
    ['limits without a default', () => secureServer({ name: 'crm', limits: { gold: [] } }), /default/],
    ['no time at all', () => secureServer({ name: 'crm', timeoutMs: 0 }), /timeoutMs/],
    ['a short hashing key', () => secureServer({ name: 'crm', hashingKey: Buffer.alloc(31) }), /32 bytes/],
  ])('%s', (_what, make, message) => expect(make).toThrow(message));
});
