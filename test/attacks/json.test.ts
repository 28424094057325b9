/**
 * J1–J6, J9, J10, J14, J15, A17, H12: bytes that could be read in two ways. What is refused reaches no server; what is
 * not arrives as the very bytes that the guard judged.
 *
 * Which paths a row takes:
 * - `UNREADABLE`: one parser reads every message before its era, endpoint or server is known. Only the framing differs:
 *   a body over HTTP, a line over stdio. So one path per transport, of different eras.
 * - `AGAINST_THE_SCHEMA`: one stage of the guard for all. Its refusal is rendered by each transport, so the same two.
 * - `NOT_A_REQUEST`, `BAD_META`: each era reads the envelope and `_meta` itself, and each transport renders the
 *   refusal:
 *   four paths, every transport with every era.
 * - What is forwarded: the message is written anew for each kind of server, and names are read by endpoint. The four
 *   paths also pair every transport and every era with both kinds of server, and HTTP with both kinds of endpoint.
 */
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { sendHttp } from './http-client.ts';
import {
  openInstallation,
  startGatewayProcess,
  type Installation,
  type RunningGatewayProcess,
} from './installation.ts';
import {
  AGAINST_THE_SCHEMA,
  BAD_META,
  call,
  FORWARDED,
  META,
  NOT_A_REQUEST,
  toolName,
  TOOLS,
  UNREADABLE,
  type Path,
  type RefusedRow,
} from './json-messages.ts';
import { headersFor, MODERN_META } from './mcp-client.ts';
import { openStdioClient, type StdioClient } from './stdio-client.ts';
import { openUpstream, textResult, type Upstream } from './upstream.ts';

let upstream: Upstream;
let installation: Installation;
let running: RunningGatewayProcess;
let stdioInstallation: Installation;
/** One process serves both eras. */
let stdioClient: StdioClient;
let token: string;
beforeAll(async () => {
  upstream = await openUpstream({
    tools: TOOLS,
    respond: ({ method, body }) =>
      method === 'tools/call' ? textResult(Buffer.from(body).toString('base64')) : undefined,
  });
  const echoServer = new URL('./echo-server.ts', import.meta.url).pathname;
  const servers = {
    web: { url: upstream.url },
    child: { command: [process.execPath, echoServer, JSON.stringify(TOOLS)] },
  };
  installation = await openInstallation({ servers });
  stdioInstallation = await openInstallation({ servers });
  running = await startGatewayProcess(installation);
  token = await installation.token('alice');
  stdioClient = await openStdioClient(stdioInstallation, await stdioInstallation.token('alice'), { era: 'legacy' });
});
afterAll(async () => {
  await stdioClient?.close();
  await stdioInstallation?.close();
  await running?.stop();
  await installation?.close();
  await upstream.close();
});

const ALL_PATHS: readonly (readonly [name: string, path: Path])[] = [
  ['modern over HTTP at /mcp/web', { transport: 'http', era: 'modern', server: 'web', endpoint: '/mcp/web' }],
  ['legacy over stdio to web', { transport: 'stdio', era: 'legacy', server: 'web', endpoint: '/mcp' }],
  ['legacy over HTTP at /mcp to child', { transport: 'http', era: 'legacy', server: 'child', endpoint: '/mcp' }],
  ['modern over stdio to child', { transport: 'stdio', era: 'modern', server: 'child', endpoint: '/mcp' }],
];
const ONE_PER_TRANSPORT = ALL_PATHS.slice(0, 2);

interface Answer {
  readonly status: number;
  readonly code: number | undefined;
  readonly text: string;
  /** The message as the server received it. */
  readonly arrived: string | undefined;
}

function readAnswer(text: string, status: number): Answer {
  const event = text.split('\n').find((line) => line.startsWith('data: {'));
  const json = event?.slice('data: '.length) ?? text;
  const { error, result } = (json === '' ? {} : JSON.parse(json)) as {
    error?: { code: number };
    result?: { content?: { text: string }[]; structuredContent?: { error_code: string } };
  };
  const isRefused = result?.structuredContent !== undefined;
  const arrived = isRefused ? undefined : result?.content?.[0]?.text;
  return {
    status,
    code: error?.code ?? (isRefused ? -32602 : undefined),
    text,
    arrived: arrived && Buffer.from(arrived, 'base64').toString(),
  };
}

async function send(path: Path, bytes: string, { method = 'tools/call', name = 'echo' } = {}): Promise<Answer> {
  if (path.transport === 'stdio') return readAnswer(await stdioClient.exchange(bytes), 200);
  const headers = {
    ...headersFor(path.era, token, { method, params: { name: toolName(path, name) } }),
    'content-type': 'application/json',
    accept: 'application/json, text/event-stream',
  };
  const { status, text } = await sendHttp(installation.url, {
    method: 'POST',
    path: path.endpoint,
    headers,
    body: bytes,
  });
  return readAnswer(text, status);
}

let callsBefore: number;
const calls = (): number => upstream.operations().length;
beforeEach(() => {
  callsBefore = calls();
});

const expectNoPollution = (): void => expect(({} as { polluted?: unknown }).polluted).toBeUndefined();

async function expectRefused(path: Path, write: RefusedRow[1]): Promise<void> {
  const bytes = write(path);
  const { status, code, text } = await send(path, bytes, { name: bytes.includes('pay"') ? 'pay' : 'echo' });
  expect(code, text).toBeLessThanOrEqual(-32600);
  expect([200, 400]).toContain(status);
  if (path.transport === 'http' && status === 200) expect(text).toMatch(/INVALID_(ARGUMENT|REQUEST)/);
  expect(text).not.toContain('"id":null');
  expect(calls()).toBe(callsBefore);
  expectNoPollution();
}

describe.each(ONE_PER_TRANSPORT)('%s', (_name, path) => {
  it.each([...UNREADABLE, ...AGAINST_THE_SCHEMA])('the gateway refuses %s', (_row, write) =>
    expectRefused(path, write),
  );
});

describe.each(ALL_PATHS)('%s', (_name, path) => {
  it.each([...NOT_A_REQUEST, ...BAD_META])('the gateway refuses %s', (_row, write) => expectRefused(path, write));

  it.each(FORWARDED)('%s arrive as they were judged', async (_row, args) => {
    const name = args.startsWith('{"amount"') ? 'pay' : 'echo';
    const { arrived, text } = await send(path, call(path, args, { name }), { name });
    expect(arrived, text).toContain(`"arguments":${args}`);
    expect(JSON.parse(arrived ?? '')).toEqual({
      jsonrpc: '2.0',
      id: expect.any(Number),
      method: 'tools/call',
      params: { name, arguments: JSON.parse(args) },
    });
    expectNoPollution();
  });

  it.each(['__proto__', 'constructor', 'toString', 'hasOwnProperty', 'valueOf', 'prototype'])(
    'J1 a tool called %s does not exist',
    async (name) => {
      const { code } = await send(path, call(path, '{}', { name }), { name });
      expect([code, calls()]).toEqual([-32602, callsBefore]);
    },
  );

  it.each(['tools/list', 'prompts/list', 'resources/list', 'resources/templates/list'])(
    'J14 %s refuses every cursor, because the gateway gave none out',
    async (method) => {
      for (const cursor of ['"x"', '""', '1', 'null', '{}', '"eyJvZmZzZXQiOjF9"']) {
        const meta = path.era === 'modern' ? `,"_meta":${META}` : '';
        const body = `{"jsonrpc":"2.0","id":1,"method":"${method}","params":{"cursor":${cursor}${meta}}}`;
        expect((await send(path, body, { method })).code).toBe(-32602);
      }
    },
  );

  it('J15 the gateway drops _meta that only the protocol or the gateway may write, and a malformed trace', async () => {
    const spoofed = {
      'io.modelcontextprotocol/serverInfo': { name: 'CANARY' },
      'io.modelcontextprotocol/subscriptionId': 'CANARY',
      'dev.mcp/x': 'CANARY',
      'com.modelcontextprotocol.tools/x': 'CANARY',
      'MCP/x': 'CANARY',
      baggage: 'user=CANARY',
      tracestate: 'a=CANARY',
      traceparent: '00-CANARY\r\nx: y',
    };
    const meta = JSON.stringify({
      ...(path.era === 'modern' && MODERN_META),
      ...spoofed,
      'com.example/mine': 'kept',
      progressToken: 'CANARY-token',
    });
    const { arrived, text } = await send(path, call({ ...path, era: 'legacy' }, '{}', { more: `,"_meta":${meta}` }));
    expect(arrived, text).toContain('"com.example/mine":"kept"');
    expect(arrived).not.toContain('CANARY');
  });
});
