/** `sallyport tools` and `sallyport call` against a server that answers as the test says. */
import { mkdtempSync } from 'node:fs';
import { createServer, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { openStore } from '../adapters/sqlite/store.ts';
import { encodeHeaderText } from '@sallyport/server/mcp/header-text';
import { paramHeaders } from '@sallyport/server/mcp/param-headers';
import { printable } from './printable.ts';
import { file, folder, run } from './testing/run.mts';

describe('tools and call, against a server', () => {
  let server: Server;
  const requests: {
    headers: IncomingMessage['headers'];
    path: string;
    body: Record<string, never> & { method: string; params: Record<string, unknown> };
  }[] = [];
  let answer: (request: (typeof requests)[number]) => { status?: number; type?: string; body: unknown };
  beforeAll(async () => {
    server = createServer((request, response) => {
      const chunks: Buffer[] = [];
      request.on('data', (chunk: Buffer) => chunks.push(chunk));
      request.on('end', () => {
        const one = {
          headers: request.headers,
          path: request.url ?? '',
          body: JSON.parse(Buffer.concat(chunks).toString()) as (typeof requests)[number]['body'],
        };
        requests.push(one);
        const { status = 200, type = 'application/json', body } = answer(one);
        response
          .writeHead(status, { 'content-type': type })
          .end(typeof body === 'string' ? body : JSON.stringify(body));
      });
    }).listen(0, '127.0.0.1');
    await new Promise((resolve) => server.once('listening', resolve));
  });
  afterEach(() => void requests.splice(0));
  afterAll(() => void server.close());
  const environment = (): Record<string, string> => ({
    SALLYPORT_TOKEN: 'tok-1',
    SALLYPORT_URL: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
  });
  const result = (value: unknown): unknown => ({ jsonrpc: '2.0', id: 1, result: value });

  it('sends what a modern client sends', async () => {
    answer = () => ({ body: result({ resultType: 'complete', content: [{ type: 'text', text: 'done' }] }) });
    expect(await run(['call', 'notes__add', '--args', '{"a":1}'], { environment: environment() })).toEqual({
      code: 0,
      out: 'done\n',
      err: '',
    });
    expect(requests[0]?.path).toBe('/mcp');
    expect(requests[0]?.headers).toMatchObject({
      authorization: 'Bearer tok-1',
      'mcp-protocol-version': '2026-07-28',
      'mcp-method': 'tools/call',
      'mcp-name': 'notes__add',
      accept: 'application/json, text/event-stream',
    });
    expect(requests[0]?.body).toMatchObject({
      jsonrpc: '2.0',
      id: 1,
      method: 'tools/call',
      params: {
        name: 'notes__add',
        arguments: { a: 1 },
        _meta: {
          'io.modelcontextprotocol/protocolVersion': '2026-07-28',
          'io.modelcontextprotocol/clientCapabilities': {},
        },
      },
    });
  });

  it('reads an event stream to its answer', async () => {
    answer = () => ({
      type: 'text/event-stream',
      body: [
        ': hi\n\n',
        `data: ${JSON.stringify({ jsonrpc: '2.0', method: 'notifications/progress', params: {} })}\n\n`,
        `event: message\ndata: ${JSON.stringify(result({ content: [{ type: 'text', text: 'streamed' }] }))}\n\n`,
      ].join(''),
    });
    expect((await run(['call', 'x', '--server', 'notes'], { environment: environment() })).out).toBe('streamed\n');
    expect(requests[0]?.path).toBe('/mcp/notes');
  });

  it('a tool that fails and a gateway that refuses end with exit code 1', async () => {
    answer = () => ({
      body: result({ isError: true, content: [{ type: 'text', text: 'Policy does not permit this call.' }] }),
    });
    expect(await run(['call', 'x'], { environment: environment() })).toEqual({
      code: 1,
      out: '',
      err: 'Policy does not permit this call.\n',
    });
    answer = () => ({
      status: 429,
      body: {
        jsonrpc: '2.0',
        id: 1,
        error: {
          code: 429,
          message: 'The rate limit is exhausted.',
          data: { error_code: 'RATE_LIMITED', suggestion: 'Wait.', correlation_id: 'c-12345678' },
        },
      },
    });
    expect(await run(['call', 'x'], { environment: environment() })).toEqual({
      code: 1,
      out: '',
      err: 'RATE_LIMITED: The rate limit is exhausted.\n  Wait.\n  correlation id: c-12345678\n',
    });
    expect(JSON.parse((await run(['tools', '--json'], { environment: environment() })).out)).toMatchObject({
      error: { code: 429 },
    });
    answer = () => ({ status: 401, type: 'text/plain', body: '' });
    expect((await run(['tools'], { environment: environment() })).err).toContain('did not accept the credential');
  });

  it('lists every page, with control characters as escapes (A7)', async () => {
    answer = ({ body }) => ({
      body: result(
        body.params['cursor'] === 'c'
          ? { tools: [{ name: 'b' }] }
          : { tools: [{ name: 'a', description: 'red \u001b[31m\u202egnp \n text' }], nextCursor: 'c' },
      ),
    });
    const { out } = await run(['tools'], { environment: environment() });
    expect(out).toBe('a  red \\u{1b}[31m\\u{202e}gnp text\nb\n');
    expect(JSON.parse((await run(['tools', '--json'], { environment: environment() })).out)).toHaveLength(2);
  });

  it('B4 says which of them cannot be called, and why', async () => {
    const inputSchema = { type: 'object', $ref: 'https://elsewhere.test/s' };
    answer = () => ({ body: result({ tools: [{ name: 'a', inputSchema }, { name: 'b' }] }) });
    const { out } = await run(['tools'], { environment: environment() });
    expect(out).toContain(
      'These cannot be called:\n  a: its input schema cannot be checked: the $ref leaves the schema',
    );
    expect(out).not.toContain('b: its');
  });

  it('A5 says which are withheld, and why, where it reads the data folder of the gateway', async () => {
    const data = mkdtempSync(join(folder, 'data-'));
    const store = openStore(join(data, 'sallyport.db'));
    const withheld = [{ name: 'greet (with Icons)', reason: 'characters or length outside the allowed alphabet' }];
    await store.pins.apply([
      { kind: 'note_withheld', server: 'crm', listed: 'tool', withheld },
      { kind: 'note_withheld', server: 'notes', listed: 'tool', withheld: [{ name: 'b c', reason: 'why' }] },
      { kind: 'note_withheld', server: 'crm', listed: 'prompt', withheld },
    ]);
    store.close();
    const { SALLYPORT_TOKEN, SALLYPORT_URL } = environment();
    const servers = '{ crm: { url: https://crm.example }, notes: { url: https://notes.example } }';
    const config = file('tools.yaml', `data: ${data}\ngateway: { publicUrl: '${SALLYPORT_URL}' }\nservers: ${servers}`);
    answer = () => ({ body: result({ tools: [{ name: 'a' }] }) });
    const here = { SALLYPORT_TOKEN: SALLYPORT_TOKEN ?? '' };
    const { out } = await run(['tools', '--config', config, '--server', 'crm'], { environment: here });
    expect(out).toBe(
      'a\n\nThese are withheld:\n  crm: greet (with Icons): characters or length outside the allowed alphabet\n',
    );
    expect((await run(['tools', '--config', config], { environment: here })).out).toContain('notes: b c: why');
    expect((await run(['tools', '--config', config], { environment: environment() })).out).toBe('a\n');
  });

  it('sends the headers that a tool requires, after the gateway reported that they are missing', async () => {
    answer = ({ headers, body }) => {
      if (body.method === 'tools/list')
        return {
          body: result({
            tools: [
              { name: 'q', inputSchema: { properties: { region: { type: 'string', 'x-mcp-header': 'Region' } } } },
            ],
          }),
        };
      if (headers['mcp-param-region'] === 'eu') return { body: result({ content: [{ type: 'text', text: 'ok' }] }) };
      return { status: 400, body: { jsonrpc: '2.0', id: 1, error: { code: -32020, message: 'x' } } };
    };
    expect((await run(['call', 'q', '--args', '{"region":"eu"}'], { environment: environment() })).out).toBe('ok\n');
    expect(requests).toHaveLength(3);
  });

  it('mirrors nested arguments in headers when the schema of the tool declares it', async () => {
    const region = { type: 'string', 'x-mcp-header': 'Region' };
    const where = { type: 'object', properties: { region } };
    const tool = { name: 'q', inputSchema: { type: 'object', properties: { where } } };
    answer = ({ body, headers }) => {
      if (body.method === 'tools/list') return { body: result({ tools: [tool] }) };
      if (headers['mcp-param-region'] === 'eu') return { body: result({ content: [{ type: 'text', text: 'ok' }] }) };
      return { status: 400, body: { jsonrpc: '2.0', id: 1, error: { code: -32020, message: 'x' } } };
    };
    const args = ['call', 'q', '--args', '{"where":{"region":"eu"}}'];
    expect((await run(args, { environment: environment() })).out).toBe('ok\n');
  });

  it('reports that nothing listens, and never prints the token', async () => {
    const ran = await run(['tools', '--url', 'http://127.0.0.1:9'], { environment: environment() });
    expect(ran).toMatchObject({ code: 1, out: '' });
    expect(ran.err).not.toContain('tok-1');
    expect((await run(['tools'], { environment: {} })).err).toContain('SALLYPORT_TOKEN is not set');
    expect((await run(['tools', '--server', '../admin'], { environment: environment() })).err).toContain(
      'Use 1-32 characters of a-z 0-9 -.',
    );
  });

  it('header values outside ASCII are sent in base64', () => {
    expect(encodeHeaderText('plain name')).toBe('plain name');
    expect(encodeHeaderText('größe')).toBe(`=?base64?${Buffer.from('größe').toString('base64')}?=`);
    expect(encodeHeaderText('a\r\nb')).toMatch(/^=\?base64\?/);
    expect(encodeHeaderText('=?base64?eA==?=')).not.toBe('=?base64?eA==?=');
    expect(
      paramHeaders({ properties: { n: { 'x-mcp-header': 'N' }, o: { 'x-mcp-header': 'Bad\r\n' } } }, { n: 42, o: 'x' }),
    ).toEqual({ 'mcp-param-n': '42' });
    expect(printable('\u{e0041}\u009b')).toBe('\\u{e0041}\\u{9b}');
  });
});
