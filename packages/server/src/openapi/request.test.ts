/** R1-R4, A23: arguments fill the places that a document gives them, and cannot leave them. */
import { describe, expect, it } from 'vitest';
import type { Json, JsonObject } from '@sallyport/guard';
import { toolsOf } from './from-document.ts';
import { requestOf, type RestCredential } from './request.ts';

const PARAMETERS = (list: string): string => `
openapi: 3.1.0
info: { title: T, version: '1' }
paths:
  /things/{id}/parts:
    get:
      operationId: getThing
      parameters:
        - { name: id, in: path, required: true, schema: { type: string } }
${list}
      responses: { '200': { description: ok } }
`;

const sent = (
  document: string,
  input: JsonObject,
  credentials: Readonly<Record<string, RestCredential>> = {},
): ReturnType<typeof requestOf> => {
  const { tools } = toolsOf(document, { allow: ['getThing'], credentials: Object.keys(credentials) });
  const [tool] = tools;
  if (tool === undefined) throw new Error('no tool');
  return requestOf(tool.operation, input, new Map(Object.entries(credentials)));
};
const outcome = (document: string, input: JsonObject): string => {
  try {
    return sent(document, input).target;
  } catch (thrown) {
    return `refused: ${(thrown as Error).message}`;
  }
};

const THING = PARAMETERS('');

describe('R1 an argument in the path', () => {
  it.each([
    ['CUST-00042', '/things/CUST-00042/parts'],
    ['a/b', '/things/a%2Fb/parts'],
    ['?x=1', '/things/%3Fx%3D1/parts'],
    ['#x', '/things/%23x/parts'],
    ['%2f', '/things/%252f/parts'],
    ['//evil.test', '/things/%2F%2Fevil.test/parts'],
    ['http://evil.test', '/things/http%3A%2F%2Fevil.test/parts'],
    ["a'(b)*!", '/things/a%27%28b%29%2A%21/parts'],
    ['{id}', '/things/%7Bid%7D/parts'],
    ['ä⁄', '/things/%C3%A4%E2%81%84/parts'],
    ['...', '/things/.../parts'],
    ['$&$1', '/things/%24%26%241/parts'],
  ])('R1 %j is one segment', (id, target) => expect(outcome(THING, { id })).toBe(target));

  it.each([
    ...['..', '.', '', '%2e%2e', '%2E.', '%252e%252e', '%25252e%25252e', '..;/', '..;x', './', '/..', 'a/../b', '..\\'],
    ...[
      '..%2fadmin',
      '..%255cadmin',
      '..\u2215x',
      '..\uff0fx',
      '\uff0e\uff0e',
      '\u2024\u2024',
      '%c0%ae/%2e%2e',
      ' .. ',
    ],
    ...['a\0', 'a\r\nb', '\u007f', 'a\u0085'],
  ])('R1 %j is refused', (id) => expect(outcome(THING, { id })).toContain('refused'));

  it('R1 that is too long, missing, null or a lone surrogate is refused', () => {
    for (const id of ['x'.repeat(20_000), null, '\ud800', ['..']] as Json[])
      expect(outcome(THING, { id }), JSON.stringify(id).slice(0, 20)).toContain('refused');
    expect(outcome(THING, {})).toContain('refused');
  });

  it('A23 a path that joins arguments with text keeps them in their segment', () => {
    const document = THING.replace('/things/{id}/parts', '/things/x{id}y.json');
    expect(outcome(document, { id: '/../a' })).toContain('refused');
    expect(outcome(document, { id: 'a/b' })).toBe('/things/xa%2Fby.json');
  });

  it('A23 a path of the document without parameters, with a query or a step up is no tool', () => {
    for (const path of ['/things/{other}', '/things/../{id}', '/things?x={id}', '//evil.test/{id}'])
      expect(() => sent(THING.replace('/things/{id}/parts', path), { id: 'x' }), path).toThrow(/path/);
  });
});

const query = (schema: string, more = ''): string =>
  PARAMETERS(`        - { name: q, in: query, ${more} schema: ${schema} }`);

describe('R2 an argument in the query', () => {
  it.each([
    ['a&admin=1', 'q=a%26admin%3D1'],
    ['a;b', 'q=a%3Bb'],
    ['a+b c', 'q=a%2Bb%20c'],
    ['#x?y', 'q=%23x%3Fy'],
    ['\r\nX: 1', 'q=%0D%0AX%3A%201'],
    ['[x]', 'q=%5Bx%5D'],
  ])('R2 %j is one value', (q, text) =>
    expect(outcome(query('{ type: string }'), { id: '1', q })).toBe(`/things/1/parts?${text}`),
  );

  it.each<readonly [style: string, value: Json, text: string]>([
    ['', ['a', 'b,c'], 'q=a&q=b%2Cc'],
    ['style: form, explode: false,', ['a', 'b'], 'q=a%2Cb'],
    ['style: pipeDelimited, explode: false,', ['a', 'b'], 'q=a%7Cb'],
    ['style: spaceDelimited, explode: false,', ['a', 'b'], 'q=a%20b'],
    ['style: deepObject,', { a: 1, b: ['x', 'y'] }, 'q%5Ba%5D=1&q%5Bb%5D%5B0%5D=x&q%5Bb%5D%5B1%5D=y'],
    ['', { a: 'b&c', d: true }, 'a=b%26c&d=true'],
  ])('R2 lists and objects (%s) are written as the document says', (style, q, text) =>
    expect(outcome(query('{}', style), { id: '1', q })).toBe(`/things/1/parts?${text}`),
  );

  it.each<readonly [why: string, style: string, value: Json]>([
    ['an item that holds the delimiter', 'style: form, explode: false,', ['a,b']],
    ['an item that holds the pipe', 'style: pipeDelimited, explode: false,', ['a|b']],
    ['a key that closes the bracket', 'style: deepObject,', { 'a][b': 1 }],
    ['a key that is another parameter', '', { q: 1 }],
    ['a key that holds a delimiter', '', { 'a&b': 1 }],
    ['a list in a list', '', [['a']]],
    ['an object in an object', '', { a: { b: 1 } }],
  ])('R2 %s is refused', (_why, style, q) => expect(outcome(query('{}', style), { id: '1', q })).toContain('refused'));

  it('R2 an argument of the type JSON is one value', () => {
    const document = PARAMETERS('        - { name: q, in: query, content: { application/json: { schema: {} } } }');
    expect(outcome(document, { id: '1', q: { 'a&b': ['ä'] } })).toBe(
      '/things/1/parts?q=%7B%22a%26b%22%3A%5B%22%5Cu00e4%22%5D%7D',
    );
  });
});

const ACCEPT = { accept: 'application/json, */*;q=0.1' };
const header = (name: string): string => PARAMETERS(`        - { name: ${name}, in: header, schema: {} }`);

describe('R3 an argument in a header or a cookie', () => {
  it.each(['a\r\nX-Admin: 1', 'a\nb', 'a\0b', 'ä', '\u2028', ' a', 'a ', '', 'x'.repeat(5_000)])(
    'R3 %j is no header value',
    (value) => expect(outcome(header('X-Note'), { id: '1', 'X-Note': value })).toContain('refused'),
  );

  it('R3 a value of visible ASCII is', () => {
    expect(sent(header('X-Note'), { id: '1', 'X-Note': 'a b;c=d' }).headers).toEqual({
      ...ACCEPT,
      'x-note': 'a b;c=d',
    });
    expect(sent(header('X-Note'), { id: '1', 'X-Note': ['a', 'b'] }).headers).toEqual({ ...ACCEPT, 'x-note': 'a,b' });
    expect(outcome(header('X-Note'), { id: '1', 'X-Note': ['a,b'] })).toContain('refused');
  });

  it.each([
    ...['Host', 'Authorization', 'Content-Length', 'Transfer-Encoding', 'Cookie', 'X-Forwarded-For', 'Connection'],
    ...['Proxy-Authorization', 'X-HTTP-Method-Override', 'Forwarded', 'Content-Type', 'X-Real-IP', 'TE', 'Upgrade'],
  ])('R3 %s is set by no argument', (name) => {
    expect(sent(header(name), { id: '1', [name]: 'evil.test' }).headers).toEqual(ACCEPT);
  });

  it('R3 a cookie holds its value only, beside the credential', () => {
    const document = `${PARAMETERS('        - { name: theme, in: cookie, schema: {} }')}
      security: [{ key: [] }]
components: { securitySchemes: { key: { type: apiKey, in: cookie, name: sid } } }
`;
    const { headers } = sent(document, { id: '1', theme: 'dark; sid=evil' }, { key: 'secret-of-operator' });
    expect(headers).toEqual({ ...ACCEPT, cookie: 'theme=dark%3B%20sid%3Devil; sid=secret-of-operator' });
    expect(() => sent(document, { id: '1', theme: { sid: 'evil' } }, { key: 'secret-of-operator' })).toThrow('another');
  });
});

const body = (type: string, schema: string): string => `
openapi: 3.1.0
info: { title: T, version: '1' }
paths:
  /things:
    post:
      operationId: getThing
      requestBody: { required: true, content: { ${type}: { schema: ${schema} } } }
      responses: { '200': { description: ok } }
`;

describe('R4 a body is made by structure', () => {
  const hostile = '"}, "admin": true, {"x": "</a><b>{{7*7}}${1}&admin=1\r\n--';

  it('R4 JSON holds the argument as one value', () => {
    const document = body('application/json', '{ type: object, properties: { note: { type: string } } }');
    expect(JSON.parse(String(sent(document, { note: hostile }).body))).toEqual({ note: hostile });
  });

  it('R4 a form holds the argument as one value', () => {
    const document = body('application/x-www-form-urlencoded', '{ type: object, properties: { note: {}, more: {} } }');
    const form = new URLSearchParams(String(sent(document, { note: hostile, more: { a: [1] } }).body));
    expect([...form]).toEqual([
      ['note', hostile],
      ['more', '{"a":[1]}'],
    ]);
  });

  it('R4 a multipart body holds the argument as one part', async () => {
    const document = body(
      'multipart/form-data',
      '{ type: object, properties: { note: {}, "na\\"me": {}, file: { type: string, format: binary } } }',
    );
    const input = { note: `${hostile}\r\nContent-Disposition: form-data; name="admin"`, file: 'AAEC' };
    const { headers, body: bytes } = sent(document, { ...input, na_me: 'x' });
    const form = await new Response(new Uint8Array(bytes ?? []), { headers }).formData();
    expect([...form.keys()]).toEqual(['note', 'na"me', 'file']);
    expect(form.get('note')).toBe(input.note);
    expect(Buffer.from(await (form.get('file') as File).arrayBuffer())).toEqual(Buffer.from([0, 1, 2]));
    expect(() => sent(document, { file: 'not base64!' })).toThrow('base64');
  });

  it('R4 text is the argument itself', () => {
    expect(String(sent(body('text/plain', '{ type: string }'), { body: hostile }).body)).toBe(hostile);
  });
});
