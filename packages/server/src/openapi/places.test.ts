/** A23: whatever the arguments are, an independent server finds each value in its place and nothing else. */
import { once } from 'node:events';
import { createServer, type IncomingHttpHeaders } from 'node:http';
import type { AddressInfo } from 'node:net';
import fc from 'fast-check';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { JsonObject } from '@sallyport/guard';
import { http, type Http } from '../http/index.ts';
import { ArgumentError } from './argument-error.ts';
import type { OperationBinding } from './binding.ts';
import { toolsOf } from './from-document.ts';
import { requestOf } from './request.ts';

const DOCUMENT = `
openapi: 3.1.0
info: { title: T, version: '1' }
paths:
  /v1/{id}/x{part}.json:
    post:
      operationId: postThing
      parameters:
        - { name: id, in: path, required: true, schema: {} }
        - { name: part, in: path, required: true, schema: {} }
        - { name: q, in: query, schema: {} }
        - { name: deep, in: query, style: deepObject, schema: {} }
        - { name: list, in: query, explode: false, schema: {} }
        - { name: X-Note, in: header, schema: {} }
        - { name: theme, in: cookie, schema: {} }
      security: [{ key: [], sid: [] }]
      requestBody: { content: { TYPE: { schema: { type: object, properties: { name: {}, note: {} } } } } }
      responses: {}
components:
  securitySchemes:
    key: { type: apiKey, in: query, name: api_key }
    sid: { type: apiKey, in: cookie, name: sid }
`;
const CREDENTIALS = new Map([
  ['key', 'secret-key'],
  ['sid', 'secret-sid'],
]);
const operationFor = (type: string): OperationBinding =>
  (toolsOf(DOCUMENT.replace('TYPE', type), { allow: ['postThing'], credentials: ['key', 'sid'] }).tools[0] as never)[
    'operation'
  ];

interface Seen {
  readonly target: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

let seen: Seen[] = [];
const server = createServer((request, response) => {
  void request.toArray().then((chunks: Buffer[]) => {
    seen.push({ target: request.url ?? '', headers: request.headers, body: Buffer.concat(chunks).toString() });
    response.end();
  });
});
let client: Http;
beforeAll(async () => {
  await once(server.listen(0, '127.0.0.1'), 'listening');
  client = http(`http://127.0.0.1:${(server.address() as AddressInfo).port}/base`, { internal: true });
});
afterAll(async () => {
  await client.close();
  server.close().closeAllConnections();
});

/** Text with more than its share of what is structure somewhere. */
const hostile = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 12 }),
  fc
    .array(
      fc.constantFrom(
        ...[
          '..',
          '.',
          '/',
          '\\',
          '%2e',
          '%2f',
          '%25',
          '?',
          '#',
          '&',
          '=',
          ';',
          ',',
          '|',
          '+',
          ' ',
          '[',
          ']',
          '{id}',
          '$&',
        ],
        ...[
          '\r\n',
          '\0',
          '"',
          "'",
          ':',
          '@',
          '//',
          'api_key',
          'sid',
          'a',
          'ä',
          '\u2215',
          '\uff0e',
          '--',
          '<',
          '`',
          '\\"',
        ],
      ),
      { maxLength: 6 },
    )
    .map((parts) => parts.join('')),
);
const value = fc.oneof(hostile, fc.integer(), fc.boolean());
const input = fc.record(
  {
    id: hostile,
    part: hostile,
    q: fc.oneof(value, fc.array(value, { maxLength: 3 })),
    deep: fc.dictionary(hostile, value, { maxKeys: 2 }),
    list: fc.array(value, { minLength: 1, maxLength: 3 }),
    'X-Note': hostile,
    theme: value,
    name: hostile,
    note: hostile,
  },
  { requiredKeys: ['id', 'part'] },
);

/** What the arguments mean, in the words of an independent parser. */
function expectPlaces(given: JsonObject, { target, headers, body }: Seen, type: string): void {
  const [path = '', query = ''] = target.split('?');
  const segments = path.split('/').slice(1);
  expect(segments.length).toBe(4);
  expect([segments[0], segments[1]]).toEqual(['base', 'v1']);
  expect(decodeURIComponent(segments[2] ?? '')).toBe(given['id']);
  expect(decodeURIComponent(segments[3] ?? '')).toBe(`x${String(given['part'])}.json`);
  // `new URL` resolves dot segments like proxies and frameworks do: nothing may move.
  expect(new URL(target, 'http://a.test').pathname).toBe(path);
  const pairs = [...new URLSearchParams(query)];
  const wanted: [string, string][] = [];
  const q = given['q'];
  if (q !== undefined) for (const one of Array.isArray(q) ? q : [q]) wanted.push(['q', String(one)]);
  for (const [key, one] of Object.entries((given['deep'] ?? {}) as JsonObject))
    wanted.push([`deep[${key}]`, String(one)]);
  if (given['list'] !== undefined) wanted.push(['list', (given['list'] as unknown[]).map(String).join(',')]);
  expect(pairs).toEqual([...wanted, ['api_key', 'secret-key']]);
  expect(headers['x-note']).toBe(given['X-Note']);
  const cookies = (headers.cookie ?? '').split('; ').map((pair) => pair.split('=').map(decodeURIComponent));
  const theme = given['theme'] === undefined ? [] : [['theme', String(given['theme'])]];
  expect(cookies).toEqual([...theme, ['sid', 'secret-sid']]);
  const members = Object.fromEntries(
    ['name', 'note'].flatMap((name) => (given[name] === undefined ? [] : [[name, given[name]]])),
  );
  const sent: unknown = type.endsWith('json')
    ? JSON.parse(body || '{}')
    : Object.fromEntries(new URLSearchParams(body));
  expect(sent).toEqual(members);
}

it.each(['application/json', 'application/x-www-form-urlencoded'])(
  'A23 R1 R2 R3 R4 with a body of %s',
  async (type) => {
    const operation = operationFor(type);
    let sentCount = 0;
    await fc.assert(
      fc.asyncProperty(input, async (given) => {
        let request;
        try {
          request = requestOf(operation, given as JsonObject, CREDENTIALS);
        } catch (thrown) {
          expect(thrown).toBeInstanceOf(ArgumentError);
          return;
        }
        seen = [];
        await client.send({ signal: new AbortController().signal }, request);
        sentCount += 1;
        expect(seen.length).toBe(1);
        expectPlaces(given as JsonObject, seen[0] as Seen, type);
      }),
      { numRuns: 300 },
    );
    expect(sentCount).toBeGreaterThan(20);
  },
);
