/** H4, H7, H14, O20: requests whose bytes or headers could be read in two ways. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { initialize, send } from '../testing/client.mts';
import { PING, pingHeaders, rawRequest, sendBytes, statusOf } from '../testing/raw-socket.mts';
import { openTestEdge, type TestEdge } from '../testing/test-edge.mts';

let edge: TestEdge;
beforeAll(async () => {
  edge = await openTestEdge();
});
afterAll(() => edge.close());

describe('requests that can be read in two ways', () => {
  const chunk = `${PING.length.toString(16)}\r\n${PING}\r\n0\r\n\r\n`;
  it.each([
    ['CL and TE', ['Content-Length: 5', 'Transfer-Encoding: chunked'], chunk],
    ['TE chunked, identity', ['Transfer-Encoding: chunked, identity'], chunk],
    ['TE xchunked', ['Transfer-Encoding: xchunked'], chunk],
    ['TE twice', ['Transfer-Encoding: chunked', 'Transfer-Encoding: identity'], chunk],
    ['two CL', [`Content-Length: ${PING.length}`, 'Content-Length: 0'], PING],
    ['CL with +', [`Content-Length: +${PING.length}`], PING],
    ['CL list', ['Content-Length: 5, 5'], PING],
    ['space before colon', [`Content-Length : ${PING.length}`], PING],
    ['NUL', ['X-A: a\0b', `Content-Length: ${PING.length}`], PING],
    ['obs-fold', ['X-A: a\r\n b', `Content-Length: ${PING.length}`], PING],
    ['bare LF', ['X-A: a\nX-B: b', `Content-Length: ${PING.length}`], PING],
    ['CR in a value', ['X-A: a\rb', `Content-Length: ${PING.length}`], PING],
  ])('H4 %s is refused and the connection ends', async (_row, headers, body) => {
    const before = edge.sent.length;
    const answer = await sendBytes(
      edge.port,
      rawRequest(
        'POST /mcp/crm',
        [`Host: 127.0.0.1:${edge.port}`, 'Authorization: Bearer alice', 'Content-Type: application/json', ...headers],
        body,
      ) + rawRequest('POST /mcp/crm', pingHeaders(edge.port), PING),
    );
    expect(statusOf(answer)).toBe(400);
    expect(answer.match(/^HTTP\/1\.1 /gm)).toHaveLength(1);
    expect(edge.sent).toHaveLength(before);
  });

  it.each(['GET', 'DELETE'])('H4 a %s with a body is refused and the connection ends', async (method) => {
    const session = await initialize({ url: edge.url, token: 'alice' });
    const answer = await sendBytes(
      edge.port,
      rawRequest(
        `${method} /mcp/crm`,
        [
          `Host: 127.0.0.1:${edge.port}`,
          'Authorization: Bearer alice',
          'Accept: text/event-stream',
          `Mcp-Session-Id: ${session}`,
          `Content-Length: ${PING.length}`,
        ],
        PING,
      ),
    );
    expect(statusOf(answer)).toBe(400);
    expect(answer).toMatch(/^Connection: close\r$/m);
  });

  describe.each(['GET', 'DELETE'])('%s, which has no body,', (method) => {
    const answerTo = async (headers: readonly string[], body = ''): Promise<string> => {
      const session = await initialize({ url: edge.url, token: 'alice' });
      const own = [
        `Host: 127.0.0.1:${edge.port}`,
        'Authorization: Bearer alice',
        'Accept: text/event-stream',
        `Mcp-Session-Id: ${session}`,
        'Connection: close',
        ...headers,
      ];
      return sendBytes(edge.port, rawRequest(`${method} /mcp/crm`, own, body));
    };

    it('H4 is refused with a body in chunks, also an empty one', async () => {
      for (const body of [chunk, '0\r\n\r\n'])
        expect(statusOf(await answerTo(['Transfer-Encoding: chunked'], body))).toBe(400);
    });

    it('H5 H6 is refused with a header of MCP that is there twice, or has other characters', async () => {
      for (const headers of [['Mcp-Param-A: x', 'Mcp-Param-A: x'], ['Mcp-Other: \u00e4']]) {
        const answer = await answerTo(headers);
        expect([statusOf(answer), answer.includes('-32020')]).toEqual([400, true]);
      }
    });
  });

  it('H14 cookies are ignored', async () => {
    for (const cookie of ['session=1', 'Authorization=Bearer alice', '__Host-x=1; x=1; x=2', 'access_token=alice']) {
      expect((await send({ url: edge.url, method: 'ping', headers: { cookie } })).status).toBe(401);
      expect((await send({ url: edge.url, token: 'alice', method: 'ping', headers: { cookie } })).status).toBe(200);
    }
    expect(
      statusOf(
        await sendBytes(
          edge.port,
          rawRequest('POST /mcp/crm', [...pingHeaders(edge.port), `Cookie: ${'x'.repeat(20_000)}`], PING),
        ),
      ),
    ).toBe(431);
  });

  it('H7 headers of proxies are ignored', async () => {
    await send({
      url: edge.url,
      token: 'alice',
      method: 'tools/call',
      params: { name: 'echo' },
      headers: {
        'x-forwarded-for': '10.0.0.1',
        forwarded: 'for=10.0.0.1',
        'x-forwarded-proto': 'https',
        'x-forwarded-client-cert': 'Hash=1',
        'x-real-ip': '10.0.0.1',
      },
    });
    expect(edge.sent.at(-1)?.call.origin.address).toMatch(/127\.0\.0\.1$/);
  });

  it('O20 a credential is one Authorization header with one bearer token', async () => {
    const twice = await sendBytes(
      edge.port,
      rawRequest('POST /mcp/crm', [...pingHeaders(edge.port), 'Authorization: Bearer alice'], PING),
    );
    expect([400, 401]).toContain(statusOf(twice));
    for (const authorization of [
      'Bearer  alice',
      'Bearer\talice',
      'Bearer alice, Bearer bob',
      'Basic YWxpY2U=',
      'alice',
      'Bearer',
      'Bearer alice bob',
      'DPoP alice',
    ]) {
      expect([
        authorization,
        (await send({ url: edge.url, method: 'ping', headers: { authorization } })).status,
      ]).toEqual([authorization, 401]);
    }
    expect((await send({ url: edge.url, method: 'ping', headers: { authorization: 'bearer alice' } })).status).toBe(
      200,
    );
    expect((await send({ url: edge.url, method: 'ping', params: { access_token: 'alice' } })).status).toBe(401);
  });
});
