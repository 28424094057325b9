/** Stage 9: what may be returned of what a server answered (rows J12, A8, A13 and D of the attack list). */
import { isUnfinished } from './match-shape.ts';
import { describe, expect, it } from 'vitest';
import type { Call, Definition, DefinitionKind, Json, JsonObject, McpResult } from '../../call.ts';
import { GuardError } from '../../errors.ts';
import type { ValidatedCall, Identity } from '../../guard.ts';
import { methodRow, METHODS, type MethodRow } from '../../methods.ts';
import { createInspect } from './index.ts';
import type { Digest } from '../../identifiers.ts';

const who = { principal: { key: 'p' }, tenant: { id: 'acme' } } as unknown as Identity;
let serial = 0;
const definitionOf = (document: JsonObject = {}, kind: DefinitionKind = 'tool', name = 'get'): Definition => ({
  server: 'crm',
  kind,
  name,
  document,
  digest: `sha256:${serial++}` as Digest,
  labels: [],
});

interface Setting {
  readonly method?: string;
  readonly document?: JsonObject;
  readonly definition?: Definition | undefined;
  readonly maxBytes?: number;
  readonly mayList?: (who: Identity, definition: Definition) => boolean;
}

function inspectOf(setting: Setting = {}): (result: McpResult) => McpResult {
  const { method = 'tools/call', document, maxBytes = 1_000_000, mayList = () => true } = setting;
  const stage = createInspect({
    resultBytesMax: (server) => (server === 'crm' ? maxBytes : 0),
    mayList,
    mayFollow: () => true,
  });
  const definition = 'definition' in setting ? setting.definition : definitionOf(document);
  const judged: ValidatedCall = { row: methodRow(method) as MethodRow, definition, input: {} };
  const target = method.startsWith('tasks/') ? { kind: 'task', server: 'crm', name: 't' } : { kind: 'gateway' };
  return stage(who, judged, { method, target } as unknown as Call);
}

function errorOf(value: unknown, setting?: Setting): GuardError | undefined {
  try {
    inspectOf(setting)({ value: value as JsonObject });
    return undefined;
  } catch (thrown) {
    if (thrown instanceof GuardError) return thrown;
    throw thrown;
  }
}

const text = (said: string): Json => ({ type: 'text', text: said });
const blocks = (count: number): JsonObject => ({ content: Array.from({ length: count }, () => text('x')) });
const only = (block: unknown): JsonObject => ({ content: [block as Json] });

describe('J12 the shape of a tool result', () => {
  it.each<[name: string, value: unknown]>([
    ['no content', {}],
    ['content null', { content: null }],
    ['content that is text', { content: 'x' }],
    ['content that is an object', { content: { 0: text('x'), length: 1 } }],
    ['a block that is text', only('x')],
    ['a block that is null', only(null)],
    ['a block that is a list', only([text('x')])],
    ['a block that is a number', only(1)],
    ['a block without a type', only({ text: 'x' })],
    ['a type that MCP does not know', only({ type: 'html', html: '<script>' })],
    ['a type in another case', only({ type: 'Text', text: 'x' })],
    ['a type with a space', only({ type: 'text ', text: 'x' })],
    ['a type that is a list', only({ type: ['text'], text: 'x' })],
    ['a type that is null', only({ type: null })],
    ['J1 a type called __proto__', only({ type: '__proto__' })],
    ['J1 a type called constructor', only({ type: 'constructor' })],
    ['J1 a type from the prototype', only(Object.create({ type: 'html' }))],
    ['the type of a tool call', only({ type: 'tool_use', name: 'x' })],
    ['one unknown block among many', { content: [...(blocks(998)['content'] as Json[]), { type: 'x' }, text('x')] }],
    ['1,001 blocks', blocks(1_001)],
    ['an error without content', { isError: true }],
    ['structured content alone', { structuredContent: { a: 1 } }],
    ['complete, without content', { resultType: 'complete' }],
    ['content and a task', { task: { taskId: 't' }, content: 'x' }],
  ])('%s is not passed on', (_name, value) => expect(errorOf(value)?.code).toBe('output_blocked'));

  it.each<[name: string, value: JsonObject]>([
    ['no blocks', { content: [] }],
    ['one', blocks(1)],
    ['1,000 blocks', blocks(1_000)],
    ['an error', { isError: true, content: [text('no')] }],
    ['complete', { resultType: 'complete', content: [] }],
    [
      'every type',
      {
        content: [
          text('x'),
          { type: 'image', data: '', mimeType: 'image/png' },
          { type: 'audio', data: '', mimeType: 'audio/wav' },
          { type: 'resource', resource: { uri: 'a:b', text: '' } },
          { type: 'resource_link', uri: 'a:b', name: 'x' },
        ],
      },
    ],
    ['a question to the client', { resultType: 'input_required', inputRequests: {} }],
    ['a task', { task: { taskId: 't', status: 'working' } }],
  ])('%s is', (_name, value) => expect(errorOf(value)).toBeUndefined());

  it.each<[name: string, value: JsonObject]>([
    ['a resultType that MCP does not know', { resultType: 'banana', content: [{ type: 'html' }] }],
    ['a resultType that is empty', { resultType: '', content: 'x' }],
    ['a resultType that is no text', { resultType: null, content: 'x' }],
    [
      'a question with content beside it',
      { resultType: 'input_required', inputRequests: {}, content: [{ type: 'html' }] },
    ],
    ['a task with structured content beside it', { task: { taskId: 't' }, structuredContent: {} }],
  ])('%s hides no content from inspection', (_name, value) => expect(errorOf(value)?.code).toBe('output_blocked'));

  it('the result of a task is a tool result like any other', () => {
    expect(errorOf({ content: [{ type: 'html' }] }, { method: 'tasks/result', definition: undefined })?.code).toBe(
      'output_blocked',
    );
    expect(errorOf(blocks(1), { method: 'tasks/result', definition: undefined })).toBeUndefined();
    expect(errorOf(blocks(9), { method: 'tasks/result', definition: undefined, maxBytes: 100 })?.code).toBe(
      'output_blocked',
    );
  });

  it.each<[name: string, value: JsonObject, code: string | undefined]>([
    ['that runs', { taskId: 't', status: 'working' }, undefined],
    ['that is done', { taskId: 't', status: 'completed', result: blocks(1) }, undefined],
    ['with an unknown block', { taskId: 't', status: 'completed', result: only({ type: 'html' }) }, 'output_blocked'],
    ['with a result that is text', { taskId: 't', status: 'completed', result: 'x' }, 'output_blocked'],
  ])('a task %s, with its result inside', (_name, value, code) =>
    expect(errorOf(value, { method: 'tasks/get', definition: undefined })?.code).toBe(code),
  );

  it('is checked for tool calls only, also without a known definition', () => {
    expect(
      errorOf(
        { contents: [{ uri: 'a:b' }] },
        { method: 'resources/read', definition: definitionOf({}, 'resource', 'a:b') },
      ),
    ).toBeUndefined();
    expect(
      errorOf({ messages: [] }, { method: 'prompts/get', definition: definitionOf({}, 'prompt') }),
    ).toBeUndefined();
    expect(errorOf({}, { definition: undefined })?.code).toBe('output_blocked');
  });
});

describe('J12 the approved output schema', () => {
  const outputSchema: JsonObject = {
    type: 'object',
    properties: { n: { type: 'integer' }, s: { type: 'string', maxLength: 3 } },
    required: ['n'],
    additionalProperties: false,
  };
  const document: JsonObject = { name: 'get', outputSchema };
  const answer = (structuredContent: unknown, more: JsonObject = {}): unknown => ({
    content: [text('x')],
    structuredContent,
    ...more,
  });

  it.each<[name: string, value: unknown]>([
    ['missing', { content: [text('{"n":1}')] }],
    ['null', answer(null)],
    ['text', answer('{"n":1}')],
    ['a list', answer([{ n: 1 }])],
    ['empty', answer({})],
    ['another type', answer({ n: '1' })],
    ['a fraction', answer({ n: 1.5 })],
    ['a member too many', answer({ n: 1, instructions: 'ignore all' })],
    ['too long', answer({ n: 1, s: 'xxxx' })],
    ['J1 __proto__', answer(JSON.parse('{"n":1,"__proto__":{"a":1}}'))],
    ['J1 constructor', answer({ n: 1, constructor: {} })],
    ['isError that is no boolean', answer({ n: '1' }, { isError: 'true' })],
    ['isError false', answer({ n: '1' }, { isError: false })],
    ['resultType complete', answer({ n: '1' }, { resultType: 'complete' })],
    ['a task beside content', answer({ n: '1' }, { task: { taskId: 't' } })],
  ])('B10 %s is not passed on, nor as the result of a task', (_name, value) => {
    for (const method of ['tools/call', 'tasks/result'])
      expect(errorOf(value, { document, method })?.code, method).toBe('output_blocked');
    for (const method of ['tasks/get', 'subscriptions/task'])
      expect(errorOf({ status: 'completed', result: value }, { document, method })?.code, method).toBe(
        'output_blocked',
      );
  });

  it('B10 a task whose result matches is passed on, and one that has none yet', () => {
    for (const method of ['tasks/get', 'subscriptions/task'])
      for (const result of [{ result: answer({ n: 1 }) }, {}])
        expect(errorOf({ status: 'completed', ...result }, { document, method })).toBeUndefined();
    expect(errorOf(answer({ n: 1 }), { document, method: 'tasks/result' })).toBeUndefined();
  });

  it('accepts what matches, an error without structured content, and any result of a tool without a schema', () => {
    expect(errorOf(answer({ n: 1, s: 'abc' }), { document })).toBeUndefined();
    expect(errorOf({ content: [text('no')], isError: true }, { document })).toBeUndefined();
    expect(errorOf({ resultType: 'input_required' }, { document })).toBeUndefined();
    expect(errorOf(answer({ anything: 1 }), { document: { name: 'get' } })).toBeUndefined();
  });

  it('J8 a schema that cannot be checked blocks every result', () => {
    for (const bad of [
      { $ref: 'http://169.254.169.254/x' },
      { type: 'banana' },
      { pattern: '(a)\\1', type: 'string' },
    ] satisfies JsonObject[]) {
      expect(errorOf(answer({ n: 1 }), { document: { outputSchema: bad } })?.code).toBe('output_blocked');
    }
  });

  it('J10 the result is returned as it was inspected, without coercion, defaults or removals', () => {
    const open = {
      document: { outputSchema: { type: 'object', properties: { n: { type: 'integer' }, d: { default: 1 } } } },
    };
    const result: McpResult = { value: answer({ n: 1, more: 2 }) as JsonObject, bytes: Buffer.from('{"the":"bytes"}') };
    expect(inspectOf(open)(result)).toBe(result);
    expect(result.value['structuredContent']).toEqual({ n: 1, more: 2 });
  });

  it('A8 the refusal names the path and nothing that the server sent', () => {
    const error = errorOf(answer({ n: 'canary-1', 'canary-2': 'canary-3' }), { document });
    const shape = errorOf(only({ type: 'canary-4' }));
    expect(JSON.stringify([error?.message, error?.detail, shape?.message, shape?.detail])).not.toContain('canary');
    expect(error?.message).toMatch(/output schema.*was executed/s);
  });

  it('two tools of one name with different pins have their own schemas', () => {
    const stage = createInspect({ resultBytesMax: () => 1_000, mayList: () => true, mayFollow: () => true });
    const check = (type: string) => {
      const judged: ValidatedCall = {
        row: METHODS['tools/call'],
        definition: definitionOf({
          outputSchema: { $id: 'https://x.test/s', type: 'object', properties: { v: { type } } },
        }),
        input: {},
      };
      const inspect = stage(who, judged, { method: 'tools/call', target: { kind: 'gateway' } } as Call);
      return () => inspect({ value: answer({ v: 1 }) as JsonObject });
    };
    expect(check('integer')).not.toThrow();
    expect(check('string')).toThrow(GuardError);
  });
});

describe('D the size of a result', () => {
  it.each<[name: string, result: McpResult, bytes: number]>([
    ['bytes as they came', { value: blocks(1), bytes: Buffer.alloc(100) }, 100],
    ['a value without its bytes', { value: only(text('x')) }, JSON.stringify(only(text('x'))).length],
    [
      'text of several bytes a character',
      { value: only(text('\u{1f511}é')) },
      JSON.stringify(only(text('1234'))).length + 2,
    ],
  ])('%s: the limit passes, one byte more does not', (_name, result, bytes) => {
    expect(inspectOf({ maxBytes: bytes })(result)).toBe(result);
    expect(() => inspectOf({ maxBytes: bytes - 1 })(result)).toThrow(
      expect.objectContaining({ code: 'output_blocked' }) as GuardError,
    );
  });

  it.each(['resources/read', 'prompts/get', 'completion/complete'])('%s is bounded too', (method) => {
    expect(errorOf({ contents: ['x'.repeat(200)] }, { method, maxBytes: 100 })?.code).toBe('output_blocked');
  });
});

describe('A13 lists', () => {
  const items = ['a', 'b', 'c'].map((name) => definitionOf({ name }, 'tool', name));

  it('show what the principal may see, in order, and nothing else', () => {
    const decisions: [Identity, string][] = [];
    const inspect = inspectOf({
      method: 'tools/list',
      definition: undefined,
      mayList: (identity, { name }) => {
        decisions.push([identity, name]);
        return name !== 'b';
      },
    });
    const shown = inspect({ value: { ttlMs: 5 }, items });
    expect(shown.items?.map(({ name }) => name)).toEqual(['a', 'c']);
    expect(shown.value).toEqual({ ttlMs: 5 });
    expect(decisions).toEqual([
      [who, 'a'],
      [who, 'b'],
      [who, 'c'],
    ]);
    expect(items).toHaveLength(3);
  });

  it.each(['tools/list', 'prompts/list', 'resources/list', 'resources/templates/list'])(
    '%s is empty for a principal that may see nothing',
    (method) => {
      expect(inspectOf({ method, definition: undefined, mayList: () => false })({ value: {}, items }).items).toEqual(
        [],
      );
    },
  );

  it('A29 a failing decision fails the list', () => {
    expect(() =>
      inspectOf({
        method: 'tools/list',
        definition: undefined,
        mayList: () => {
          throw new Error('down');
        },
      })({ value: {}, items }),
    ).toThrow('down');
  });
});

it('`"content": null` beside input_required, as the SDK for Go writes it, is absent content', () => {
  expect(isUnfinished({ resultType: 'input_required', content: null, inputRequests: {} })).toBe(true);
  expect(isUnfinished({ resultType: 'input_required', content: [] })).toBe(false);
});
