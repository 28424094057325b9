/**
 * A27: every input gets a canary, calls succeed, fail, are refused and throw, and then the test searches every sink:
 * each file of the data folder, both output streams at level debug, metrics, bodies of errors, search and export of the
 * log. The configuration records one argument in clear, `open`: its value is no canary.
 */
import { randomBytes } from 'node:crypto';
import { readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { openStdioClient } from './stdio-client.ts';
import {
  openInstallation,
  startGatewayProcess,
  type RunningGatewayProcess,
  type Installation,
} from './installation.ts';
import { connect, headersFor, MODERN_META, type Answer, type Era } from './mcp-client.ts';
import { sendHttp, exchangeBytes } from './http-client.ts';
import { openUpstream, tool, type Upstream } from './upstream.ts';

const ERAS: readonly Era[] = ['modern', 'legacy'];
/**
 * What may be found, and where: what a child process writes, in the log at debug; and a refused protocol version, which
 * MCP has the error repeat.
 */
const ALLOWED = [
  /^(standard error|error text) of a child → standard (output and error|error over stdio)$/,
  /^(legacy|modern): version → bodies of errors$/,
];
/** Input → what was put into it. */
const canaries = new Map<string, string>();
/** @throws Error when this input has a secret already: the first one would never be looked for. */
function remember(input: string, secret: string): void {
  if (canaries.has(input)) throw new Error(`two canaries for "${input}"`);
  canaries.set(input, secret);
}

/** A new canary for an input. */
function canary(input: string): string {
  const text = `C${randomBytes(9).toString('hex')}`;
  remember(input, text);
  return text;
}

/** What a secret looks like when somebody encoded it: in base64 at each of three offsets, in hex, in a URL. */
function formsOf(text: string): readonly string[] {
  const forms = [
    text,
    Buffer.from(text).toString('hex'),
    [...text].map((one) => `%${one.charCodeAt(0).toString(16)}`).join(''),
    [...text].reverse().join(''),
  ];
  for (const offset of [0, 1, 2])
    forms.push(
      Buffer.from(`${'x'.repeat(offset)}${text}`)
        .toString('base64')
        .slice(offset === 0 ? 0 : 4, -4),
    );
  return forms;
}

const secrets = {
  UPSTREAM_HEADER: canary('upstream header, from the environment'),
  CHILD_ENV: canary('environment of a child'),
  UNUSED: canary('environment that nobody refers to'),
};
const fileSecret = canary('upstream header, from a file');
const internals = canary('body of an upstream error');
const stderrText = canary('standard error of a child');
const thrown = canary('error text of a child');
let states = 0;
const clear = `CLEAR${randomBytes(6).toString('hex')}`;

/** A call with this delay makes the child throw. */
const CRASH_MS = 1_987;
const PROPERTIES = { open: { type: 'string' }, secret: { type: 'string' }, mode: { type: 'string' } };

let upstream: Upstream;
let installation: Installation;
let running: RunningGatewayProcess;
/** Everything that callers received when something failed. */
const errorAnswers: string[] = [];
beforeAll(async () => {
  upstream = await openUpstream({
    era: 'modern',
    tools: [tool('alpha', PROPERTIES), tool('asks', PROPERTIES)],
    prompts: [{ name: 'greet', arguments: [{ name: 'secret' }] }],
    resources: [{ uri: 'mem://x', name: 'x' }],
    respond: ({ method, params }, response) => {
      const { mode } = (params['arguments'] ?? {}) as { mode?: string };
      if (method !== 'tools/call') return undefined;
      if (mode === 'throw')
        return void response
          .writeHead(500, { 'x-internals': internals, 'content-type': 'text/plain' })
          .end(`Error: ${internals} at postgres://u:${internals}@db`);
      if (mode === 'garbage')
        return void response
          .writeHead(200, { 'content-type': 'application/json' })
          .end(`{"jsonrpc":"2.0",${internals}`);
      if (mode === 'hang up') return void response.destroy();
      if (params['name'] === 'asks' && params['inputResponses'] === undefined)
        return {
          resultType: 'input_required',
          inputRequests: {
            q: {
              method: 'elicitation/create',
              params: {
                message: 'Name?',
                requestedSchema: { type: 'object', properties: { name: { type: 'string' } } },
              },
            },
          },
          requestState: canary(`state of an upstream, ${(states += 1)}`),
        };
      return undefined;
    },
  });
  const child = [
    `process.stderr.write('${stderrText}\\n');`,
    "process.stderr.write('Error: ' + process.env.CHILD_SECRET + '\\n');",
    `import('${fileURLToPath(new URL('./slow-echo-server.ts', import.meta.url))}');`,
    `const fails = (line) => String(line).includes('${CRASH_MS}');`,
    `const fail = () => { throw new Error('${thrown}' + process.env.CHILD_SECRET); };`,
    "process.stdin.on('data', (line) => { if (fails(line)) fail(); });",
  ].join(' ');
  installation = await openInstallation(
    {
      servers: {
        one: {
          url: upstream.url,
          clientRequests: { elicitation: true },
          timeout: '5s',
          headers: {
            Authorization: { secret: 'env:UPSTREAM_HEADER', prefix: 'Bearer ' },
            'X-Api-Key': { secret: 'file:key.txt' },
          },
        },
        child: { command: [process.execPath, '-e', child], env: { CHILD_SECRET: { secret: 'env:CHILD_ENV' } } },
      },
      policies:
        'permit (principal, action, resource); forbid (principal, action == Action::"call", resource) ' +
        'when { context.args has mode && context.args.mode == "forbidden" };',
      settings: { audit: { clearArguments: ['one/*/open'] } },
    },
    secrets,
  );
  writeFileSync(join(installation.folder, 'key.txt'), fileSecret);
  running = await startGatewayProcess(installation);
}, 60_000);
afterAll(async () => {
  await running?.stop();
  await installation?.close();
  await upstream?.close();
});

function keep(answer: Answer): Answer {
  if (answer.error !== undefined || answer.result?.['isError'] === true || answer.status >= 400)
    errorAnswers.push(JSON.stringify([answer.headers, answer.messages]));
  return answer;
}

/** Remembers a token, and each part of it that would be enough for a thief. */
function rememberToken(input: string, token: string): string {
  remember(input, token);
  for (const [at, part] of token.split('.').entries())
    if (part.length > 40 && at > 0) remember(`${input}, part ${at}`, part);
  return token;
}

/** Calls that succeed, fail, are refused and throw. @param caller who calls, in words. */
async function makeCalls(era: Era, caller: string, token: string): Promise<void> {
  const client = await connect(`${installation.url}/mcp/one`, token, era, { elicitation: { form: {} } });
  const input = (what: string): string => `${era}, ${caller}: ${what}`;
  const put = (what: string): string => canary(input(what));
  if (client.session !== undefined) remember(input('session id'), client.session);
  const send = async (method: string, params: Record<string, unknown>) => keep(await client.send(method, params));
  for (const mode of ['fine', 'throw', 'garbage', 'hang up', 'forbidden'])
    await send('tools/call', {
      name: 'alpha',
      arguments: { secret: put(`argument, ${mode}`), mode, open: clear },
      _meta: { progressToken: put(`progress token, ${mode}`), 'com.example/note': put(`meta, ${mode}`) },
    });
  await send('tools/call', {
    name: 'alpha',
    arguments: {
      [put('name of an argument')]: put('undeclared argument'),
      secret: [put('argument of the wrong type')],
    },
  });
  await send('tools/call', { name: put('name of a tool'), arguments: { secret: put('argument to nobody') } });
  await send('prompts/get', { name: 'greet', arguments: { secret: put('argument of a prompt') } });
  await send('prompts/get', { name: put('name of a prompt') });
  await send('completion/complete', {
    ref: { type: 'ref/prompt', name: 'greet' },
    argument: { name: 'secret', value: put('value to complete') },
    context: { arguments: { secret: put('context to complete') } },
  });
  await send('resources/read', { uri: 'mem://x?token=none' });
  await send(put('method'), { secret: put('params of no method') });
  await send('tasks/get', { taskId: `one.${put('task id')}` });
  if (era === 'modern') {
    const params = { name: 'asks', arguments: {} };
    const { result } = await send('tools/call', params);
    expect(result?.['resultType']).toBe('input_required');
    remember(input('request state'), String(result?.['requestState']));
    await send('tools/call', {
      ...params,
      requestState: result?.['requestState'],
      inputResponses: { q: { action: 'accept', content: { name: put('answer to an elicitation') } } },
    });
    await send('tools/call', {
      ...params,
      requestState: put('request state of nobody'),
      inputResponses: { q: { action: 'accept', content: { name: put('answer to nobody') } } },
    });
  } else await send('notifications/cancelled', { requestId: 77, reason: put('reason of a cancellation') });
}

type SendTo = (path: string, more: Record<string, string>, text: string) => Promise<void>;

/** Sends a request that is good but for what is given, and keeps what the gateway says of it when it fails. */
function senderOf(headers: Record<string, string>): SendTo {
  return async (path, more, text) => {
    const sent = {
      ...headers,
      'content-type': 'application/json',
      accept: 'application/json, text/event-stream',
      ...more,
    };
    const answer = await sendHttp(installation.url, { method: 'POST', path, body: text, headers: sent });
    if (answer.status >= 400) errorAnswers.push(`${JSON.stringify(answer.headers)} ${answer.text}`);
  };
}

/** Requests that the gateway cannot read, or does not let in. */
async function sendGarbage(era: Era, token: string): Promise<void> {
  const put = (what: string): string => canary(`${era}: ${what}`);
  const headers = headersFor(era, token, { method: 'tools/list', params: {} });
  const body = JSON.stringify({
    jsonrpc: '2.0',
    id: 1,
    method: 'tools/list',
    params: era === 'modern' ? { _meta: MODERN_META } : {},
  });
  const sendTo = senderOf(headers);
  await sendTo(
    '/mcp/one',
    {},
    `{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"secret":"${put('broken JSON')}"`,
  );
  await sendTo('/mcp/one', {}, put('no JSON'));
  await sendTo('/mcp/one', {}, `{"jsonrpc":"2.0","id":1,"method":"x","method":"${put('a member twice')}"}`);
  await sendTo(`/mcp/one?access_token=${put('query')}`, {}, body);
  await sendTo(`/mcp/${put('path')}`, {}, body);
  await sendTo(`/${put('path of nothing')}`, {}, body);
  await sendTo('/mcp/one', { cookie: `session=${put('cookie')}` }, body);
  await sendTo(
    '/mcp/one',
    {
      'x-api-key': put('header'),
      'user-agent': put('user agent'),
      referer: `http://127.0.0.1/${put('referer')}`,
      'x-correlation-id': `a b ${put('bad correlation id')}`,
    },
    body,
  );
  await sendTo('/mcp/one', { 'mcp-session-id': put('session id of nobody') }, body);
  await sendTo('/mcp/one', { 'mcp-protocol-version': put('version') }, body);
  await sendTo('/mcp/one', { 'mcp-method': put('mirror of the method') }, body);
  await sendTo('/mcp/one', { 'content-type': `text/${put('content type')}` }, body);
  await sendTo('/mcp/one', { origin: `http://${put('origin')}.test` }, body);
  await sendTo('/mcp/one', { authorization: `Basic ${put('other scheme')}` }, body);
  await sendTo('/mcp/one', { authorization: `Bearer ${put('bad token')}` }, body);
  await sendTo('/mcp/one', { authorization: `Bearer sp_0123456789abcdef_${put('bad key').padEnd(43, 'x')}` }, body);
  await sendTo('/mcp/one', { authorization: `Bearer ${token.slice(0, -8)}${put('bad signature').slice(0, 8)}` }, body);
  errorAnswers.push(
    (
      await exchangeBytes(
        installation.url,
        `GET /${put('no HTTP')} HTTP/9.9\r\nAuthorization: Bearer ${put('bytes')}\r\n\r\n`,
      )
    ).text,
  );
  errorAnswers.push(
    (
      await sendHttp(installation.adminUrl, {
        path: `/${put('admin path')}?key=${put('admin query')}`,
        headers: { authorization: `Bearer ${put('admin token')}`, cookie: put('admin cookie') },
      })
    ).text,
  );
}

function filesUnder(folder: string): readonly string[] {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .map((name) => join(folder, name))
    .filter((file) => statSync(file).isFile());
}

it('A27 no canary of any input is in any sink, in any form', { timeout: 180_000 }, async () => {
  for (const era of ERAS) {
    const made = JSON.parse(
      (await installation.command(['keys', 'create', '--tenant', 'acme', '--name', `robot ${era}`, '--json'])).stdout,
    ) as { key: string };
    remember(`${era}: API key`, made.key.slice('sp_0123456789abcdef_'.length));
    const token = rememberToken(
      `${era}: access token`,
      await installation.token('alice', { private_claim: canary(`${era}: claim`) }),
    );
    await makeCalls(era, 'access token', token);
    await makeCalls(era, 'API key', made.key);
    await sendGarbage(era, token);
    const child = await connect(`${installation.url}/mcp/child`, token, era);
    for (const delayMs of [0, CRASH_MS])
      keep(
        await child.send('tools/call', {
          name: 'echo',
          arguments: { canary: canary(`${era}: argument to a child, ${delayMs}`), delayMs },
        }),
      );
  }
  const metrics =
    (await sendHttp(installation.adminUrl, { path: '/metrics' })).text +
    (await sendHttp(installation.adminUrl, { path: '/ready' })).text +
    (await sendHttp(installation.url, { path: '/ready' })).text;
  await running.stop();
  const token = rememberToken('stdio: access token', await installation.token('bob'));
  const stdioClient = await openStdioClient(installation, token, { era: 'modern', server: 'one' });
  await stdioClient
    .send('tools/call', { name: 'alpha', arguments: { secret: canary('stdio: argument'), mode: 'throw' } })
    .then(({ result }) => errorAnswers.push(JSON.stringify(result)));
  stdioClient.write(`{"jsonrpc":"2.0","id":9,"method":"${canary('stdio: broken line')}`);
  await stdioClient.close();
  const search = await installation.run(['audit', 'search', '--json', '--limit', '100000']);
  const text = await installation.run(['audit', 'search', '--limit', '100000']);
  await installation.run(['audit', 'export', join(installation.folder, 'export')]);
  const commands = [
    await installation.run(['keys', 'list']),
    await installation.run(['check']),
    await installation.run(['pins', 'list']),
  ];
  const sinks = new Map<string, Buffer>([
    ['standard output and error', Buffer.from(running.output())],
    ['standard error over stdio', Buffer.from(stdioClient.stderr())],
    ['metrics and readiness', Buffer.from(metrics)],
    ['bodies of errors', Buffer.from(errorAnswers.join('\n'))],
    ['audit search', Buffer.from(search.stdout + search.stderr)],
    ['audit search as text', Buffer.from(text.stdout + text.stderr)],
    ['other commands', Buffer.from(commands.map(({ stdout, stderr }) => stdout + stderr).join('\n'))],
    ...[...filesUnder(installation.data), ...filesUnder(join(installation.folder, 'export'))].map(
      (file) => [file, readFileSync(file)] as const,
    ),
  ]);
  // The sinks are not empty, what is searched for reached the server, and what may be in clear is.
  expect(search.stdout).toContain(clear);
  expect(running.output()).toMatch(/"level":"(debug|info|warn)"/);
  expect(errorAnswers.length).toBeGreaterThan(40);
  expect(
    upstream.received.some(
      ({ headers }) =>
        headers.authorization === `Bearer ${secrets.UPSTREAM_HEADER}` && headers['x-api-key'] === fileSecret,
    ),
  ).toBe(true);
  const found = [...canaries]
    .flatMap(([input, secret]) =>
      [...sinks]
        .filter(([, bytes]) => formsOf(secret).some((form) => bytes.includes(form)))
        .map(([sink]) => `${input} → ${sink}`),
    )
    .filter((one) => !ALLOWED.some((allowed) => allowed.test(one)));
  expect(found).toEqual([]);
});
