/** R5, J8: what a document may not do: reach out, expand without bound, or choose where requests go. */
import { describe, expect, it } from 'vitest';
import type { Json, JsonObject } from '@sallyport/guard';
import type { RestTool } from './binding.ts';
import { DocumentError } from './document-error.ts';
import { toolsOf } from './from-document.ts';
import { positionIn, readDocument } from './read-document.ts';

const documentOf = (more: JsonObject, version = '3.1.0'): string =>
  JSON.stringify({ openapi: version, info: { title: 'T', version: '1' }, ...more });
const operation = (more: JsonObject = {}): JsonObject => ({ operationId: 'getThing', responses: {}, ...more });
const only = (document: string, choice: object = {}): RestTool => {
  const { tools } = toolsOf(document, { allow: ['getThing'], ...choice });
  return tools[0] as RestTool;
};
const faultOf = (document: string, choice: object = {}): string => {
  try {
    only(document, choice);
    return '';
  } catch (thrown) {
    if (!(thrown instanceof DocumentError)) throw thrown;
    return thrown.message;
  }
};
const posted = (schema: Json, version = '3.1.0', components: JsonObject = {}): string =>
  documentOf(
    {
      paths: { '/things': { post: operation({ requestBody: { required: true, content: json(schema) } }) } },
      components,
    },
    version,
  );
const json = (schema: Json): JsonObject => ({ 'application/json': { schema } });
const ref = (name: string): JsonObject => ({ $ref: `#/components/schemas/${name}` });

describe('R5 what a document may not do', () => {
  it.each([
    ['a file', './other.yaml#/Customer'],
    ['an address', 'https://evil.test/schema.json'],
    ['the metadata service', 'http://169.254.169.254/latest'],
    ['an anchor', '#anchor'],
    ['nowhere', '#/components/schemas/None'],
    ['an object of the engine', '#/constructor/prototype'],
  ])('R5 J8 refer to %s', (_what, $ref) => {
    expect(faultOf(posted({ $ref }))).toMatch(/leads (out of the document|nowhere)|anchor/);
  });

  it('R5 J8 lead in a circle of references', () => {
    const schemas = { A: ref('B'), B: ref('A') };
    expect(faultOf(posted(ref('A'), '3.1.0', { schemas }))).toContain('circle');
  });

  it('R5 repeat its aliases without bound', () => {
    const lines = ['a0: &a0 [x,x,x,x,x,x,x,x,x,x]'];
    for (let n = 1; n < 12; n++)
      lines.push(
        `a${n}: &a${n} [${Array(10)
          .fill(`*a${n - 1}`)
          .join(',')}]`,
      );
    expect(() => readDocument(`openapi: 3.1.0\n${lines.join('\n')}`)).toThrow('aliases too often');
  });

  it('R5 J1 name a key that is the prototype, nest without bound, or be another version', () => {
    expect(() => readDocument('{"openapi":"3.1.0","__proto__":{}}')).toThrow('__proto__');
    expect(() => readDocument(`{"openapi":"3.1.0","x":${'['.repeat(300)}${']'.repeat(300)}}`)).toThrow('nested');
    expect(() => readDocument('swagger: "2.0"')).toThrow('Swagger 2.0');
    expect(() => readDocument('openapi: 4.0.0')).toThrow('3.0, 3.1 or 3.2');
    expect(() => readDocument('[1]')).toThrow('no object');
    expect(() => readDocument('a: [')).toThrow('in line 1');
  });

  it('R5 choose where requests go: its servers are not used', () => {
    const document = documentOf({
      servers: [{ url: 'http://169.254.169.254' }],
      paths: { '/a': { get: operation() } },
    });
    expect(JSON.stringify(only(document))).not.toContain('169.254');
  });

  it('J8 schemas that are too large are described less deeply, and the operator reads so', () => {
    const schemas: Record<string, Json> = {};
    const members = Object.fromEntries(
      Array.from({ length: 60 }, (_, n) => [`m${n}`, { type: 'string', description: 'x'.repeat(80) }]),
    );
    for (let n = 0; n < 30; n++)
      schemas[`Level${n}`] = { type: 'object', properties: { ...members, next: ref(`Level${n + 1}`) } };
    schemas['Level30'] = { type: 'string' };
    const { tools, notes } = toolsOf(posted(ref('Level0'), '3.1.0', { schemas }), { allow: ['getThing'] });
    expect(JSON.stringify(tools[0]?.inputSchema).length).toBeLessThan(48 * 1024);
    expect(notes[0]?.note).toContain('not described');
  });

  it('an error says where it stands in the text', () => {
    const text =
      'openapi: 3.1.0\npaths:\n  /a:\n    get:\n      operationId: getThing\n      requestBody:\n        $ref: ./x.yaml\n';
    try {
      only(text);
    } catch (thrown) {
      expect(positionIn(text, (thrown as DocumentError).pointer)).toEqual({ line: 6, column: 7 });
    }
    expect.assertions(1);
  });
});
