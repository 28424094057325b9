/** H10, H11, H12, J1 to J15: which bodies are accepted as a JSON-RPC message. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { META, send } from '../testing/client.mts';
import { PING, pingHeaders, rawRequest, sendBytes, statusOf } from '../testing/raw-socket.mts';
import { openTestEdge, type TestEdge } from '../testing/test-edge.mts';

let edge: TestEdge;
beforeAll(async () => {
  edge = await openTestEdge();
});
afterAll(() => edge.close());

describe('bodies', () => {
  const post = (headers: Record<string, string | string[] | undefined>, body: string | Buffer) =>
    send({ url: edge.url, token: 'alice', headers, body });

  it.each([
    ['text/plain'],
    [undefined],
    ['application/jsonx'],
    ['application/json; charset=utf-16'],
    ['application/json; charset=latin1'],
    ['multipart/form-data; boundary=x'],
    ['application/x-www-form-urlencoded'],
    ['application/json, text/plain'],
    ['text/json'],
  ])('H10 the content type %s is refused', async (type) =>
    expect((await post({ 'content-type': type }, PING)).status).toBe(415),
  );

  it.each(['application/json; charset=utf-8', 'application/json;charset="UTF-8"', 'Application/JSON'])(
    'the content type %s is accepted',
    async (type) => expect((await post({ 'content-type': type }, PING)).status).toBe(200),
  );

  it.each(['gzip', 'br', 'zstd', 'deflate', 'gzip, gzip', 'x'])(
    'H11 a body encoded as %s is refused',
    async (encoding) => expect((await post({ 'content-encoding': encoding }, PING)).status).toBe(415),
  );

  it('H10 a body may have exactly the maximum size, with and without Content-Length', async () => {
    const sized = (bytes: number): string =>
      `{"jsonrpc":"2.0","id":1,"method":"ping","params":{"a":"${'x'.repeat(bytes - 57)}"}}`;
    for (const [bytes, status] of [
      [999_999, 200],
      [1_000_000, 200],
      [1_000_001, 413],
    ] as const) {
      const body = sized(bytes - 1);
      expect([bytes, (await post({}, body.padEnd(bytes, ' '))).status]).toEqual([bytes, status]);
    }
    const chunks = `${(1_100_000).toString(16)}\r\n${'x'.repeat(1_100_000)}\r\n0\r\n\r\n`;
    const answer = await sendBytes(
      edge.port,
      rawRequest('POST /mcp/crm', [...pingHeaders(edge.port).slice(0, 3), 'Transfer-Encoding: chunked'], chunks),
    );
    expect(statusOf(answer)).toBe(413);
    expect(answer).toMatch(/^Connection: close\r$/m);
    expect([400, 413]).toContain(
      statusOf(
        await sendBytes(
          edge.port,
          rawRequest('POST /mcp/crm', [...pingHeaders(edge.port).slice(0, 3), 'Content-Length: 1000000000000']),
        ),
      ),
    );
  });

  it.each([
    ['H10 a byte order mark', Buffer.concat([Buffer.from([0xef, 0xbb, 0xbf]), Buffer.from(PING)])],
    ['H10 UTF-16', Buffer.from(PING, 'utf16le')],
    ['J4 trailing data', `${PING}{}`],
    ['J4 nothing', ''],
    ['J2 a key twice at the top', '{"jsonrpc":"2.0","id":1,"method":"ping","method":"tools/list"}'],
    [
      'J2 a key twice in params',
      '{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"echo","name":"erase"}}',
    ],
    [
      'J2 a key twice in arguments',
      '{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"echo","arguments":{"a":1,"a":2}}}',
    ],
    ['J2 a key twice, once escaped', '{"jsonrpc":"2.0","id":1,"method":"ping","\\u006dethod":"tools/list"}'],
    ['J1 __proto__', '{"jsonrpc":"2.0","id":1,"method":"ping","params":{"__proto__":{"polluted":1}}}'],
    ['H12 a batch', `[${PING}]`],
    ['H12 an empty batch', '[]'],
    ['H12 a large batch', `[${Array.from({ length: 1_000 }, () => PING).join(',')}]`],
    ['J3 Method', '{"jsonrpc":"2.0","id":1,"Method":"ping"}'],
    ['J3 method and Method', '{"jsonrpc":"2.0","id":1,"method":"ping","Method":"tools/list"}'],
    ['J3 a Kelvin sign', '{"jsonrpc":"2.0","id":1,"method":"ping","\u212aey":1}'],
    ['J3 paramſ', '{"jsonrpc":"2.0","id":1,"method":"ping","param\u017f":{}}'],
    ['J3 an unknown member', '{"jsonrpc":"2.0","id":1,"method":"ping","extra":1}'],
    ['J5 id null', '{"jsonrpc":"2.0","id":null,"method":"ping"}'],
    ['J5 id with a fraction', '{"jsonrpc":"2.0","id":1.5,"method":"ping"}'],
    ['J5 id an object', '{"jsonrpc":"2.0","id":{},"method":"ping"}'],
    ['J5 id true', '{"jsonrpc":"2.0","id":true,"method":"ping"}'],
    ['J5 id 2^53', '{"jsonrpc":"2.0","id":9007199254740993,"method":"ping"}'],
    ['J5 no jsonrpc', '{"id":1,"method":"ping"}'],
    ['J5 jsonrpc with a space', '{"jsonrpc":"2.0 ","id":1,"method":"ping"}'],
    ['J5 jsonrpc as a number', '{"jsonrpc":2.0,"id":1,"method":"ping"}'],
    ['J5 result and error', '{"jsonrpc":"2.0","id":1,"result":{},"error":{"code":1,"message":""}}'],
    ['J5 method and result', '{"jsonrpc":"2.0","id":1,"method":"ping","result":{}}'],
    ['J5 neither', '{"jsonrpc":"2.0","id":1}'],
    ['J5 params a list', '{"jsonrpc":"2.0","id":1,"method":"ping","params":[]}'],
    ['J5 params a string', '{"jsonrpc":"2.0","id":1,"method":"ping","params":"x"}'],
    ['J5 method a number', '{"jsonrpc":"2.0","id":1,"method":1}'],
    ['J5 a request without an id', '{"jsonrpc":"2.0","method":"tools/call","params":{"name":"echo"}}'],
    ['J5 a notification with an id', '{"jsonrpc":"2.0","id":1,"method":"notifications/initialized"}'],
    ['J5 only a string', '"ping"'],
    ['J5 null', 'null'],
  ])('%s is answered 400 and reaches no server', async (_row, body) => {
    const before = edge.sent.length;
    const answer = await post({}, body);
    expect(answer.status).toBe(400);
    expect(answer.error?.code).toBeLessThan(-32599);
    expect(answer.text).not.toContain('"id":null');
    expect(edge.sent).toHaveLength(before);
    expect(({} as { polluted?: unknown }).polluted).toBeUndefined();
  });

  it('J4 depth and keys are limited', async () => {
    const nested = (depth: number): string =>
      `{"jsonrpc":"2.0","id":1,"method":"ping","params":{"a":${'['.repeat(depth)}${']'.repeat(depth)}}}`;
    expect((await post({}, nested(10))).status).toBe(200);
    expect((await post({}, nested(100_000))).status).toBe(400);
    const members = Array.from({ length: 10_001 }, (_, key) => `"${key}":1`).join(',');
    expect((await post({}, `{"jsonrpc":"2.0","id":1,"method":"ping","params":{${members}}}`)).status).toBe(400);
  });

  it('J3 escaped characters are decoded', async () => {
    expect((await post({}, '{"jsonrpc":"2.0","id":"a","\\u006dethod":"ping"}')).text).toBe(
      '{"jsonrpc":"2.0","id":"a","result":{}}',
    );
  });

  it('J5 a response to no request is accepted and changes nothing', async () => {
    expect((await post({}, '{"jsonrpc":"2.0","id":"sp-nothing","result":{}}')).status).toBe(202);
  });

  it('J15 a huge _meta and a malformed progress token are refused; reserved keys are left out', async () => {
    const call = (era: 'legacy' | 'modern', meta: object) =>
      send({ url: edge.url, token: 'alice', era, method: 'tools/call', params: { name: 'echo', _meta: meta } });
    for (const era of ['legacy', 'modern'] as const) {
      for (const meta of [
        { a: 'x'.repeat(20_000) },
        ...[{}, null, 1.5, true, 'x'.repeat(300)].map((progressToken) => ({ progressToken })),
      ]) {
        const { status, error } = await call(era, meta);
        expect([status, error?.code]).toEqual([era === 'modern' ? 400 : 200, -32602]);
      }
      const answer = await call(era, {
        'io.modelcontextprotocol/serverInfo': { name: 'spoof' },
        'io.modelcontextprotocol/subscriptionId': 1,
        'dev.mcp/secret': 1,
        'com.modelcontextprotocol.tools/x': 1,
        baggage: 'user=admin',
        traceparent: '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01',
        'com.example/kept': 2,
        progressToken: 7,
      });
      expect(answer.status).toBe(200);
      expect(edge.sent.at(-1)?.call.params['_meta']).toEqual({
        traceparent: '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01',
        'com.example/kept': 2,
        progressToken: 7,
      });
      expect(edge.sent.at(-1)?.call.origin.traceparent).toBe('00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01');
    }
    await call('modern', { traceparent: '00-0-0-01\r\nx: y', tracestate: 'a=b' });
    expect(edge.sent.at(-1)?.call.params['_meta']).toEqual({});
    expect(edge.sent.at(-1)?.call.origin.traceparent).toBeUndefined();
    expect(META['io.modelcontextprotocol/protocolVersion']).toBe('2026-07-28');
  });

  it('J14 every cursor is refused, because lists have one page', async () => {
    for (const method of ['tools/list', 'prompts/list', 'resources/list', 'resources/templates/list', 'tasks/list'])
      for (const cursor of ['', 'x', 1, null]) {
        expect((await send({ url: edge.url, token: 'alice', method, params: { cursor } })).error?.code).toBe(-32602);
      }
  });
});
