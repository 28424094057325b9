import { execFileSync } from 'node:child_process';
import { EventEmitter } from 'node:events';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Command } from 'commander';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { Definition, JsonObject, PolicyRequest } from '@sallyport/guard';
import { loadPolicies } from '../adapters/cedar/load.ts';
import { loadConfigText } from '../config.ts';
import type { Snapshot } from '../snapshot.ts';
import { paramHeaders } from '../mcp/param-headers.ts';
import { encodeHeaderText } from '../mcp/header-text.ts';
import { configTemplate, policyTemplate } from './init-templates.ts';
import { printable } from './printable.ts';
import { buildProgram, packageVersion, runProgram, type ProgramPorts } from './program.ts';

const folder = mkdtempSync(join(tmpdir(), 'sallyport-cli-'));
const signals = new EventEmitter();
interface Ran {
  code: number;
  out: string;
  err: string;
}

async function run(args: readonly string[], over: Partial<ProgramPorts> = {}): Promise<Ran> {
  const ran: Ran = { code: 0, out: '', err: '' };
  const io = {
    stdout: (text: string) => void (ran.out += text),
    stderr: (text: string) => void (ran.err += text),
    exit: (code: number) => void (ran.code = code),
  };
  await runProgram(programOf(io, over), args, io);
  return ran;
}
function programOf(io: Parameters<typeof buildProgram>[0], over: Partial<ProgramPorts> = {}): Command {
  const refuse = (): never => {
    throw new Error('not in this test');
  };
  return buildProgram(io, {
    environment: { SALLYPORT_CONFIG: join(folder, 'empty.yaml') },
    start: refuse,
    demo: refuse,
    stdio: refuse,
    signals,
    groups: [],
    checkPolicies: async () => ({ policies: 0, findings: [] }),
    ...over,
  });
}
const file = (name: string, text: string): string => {
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, name), text);
  return join(folder, name);
};
beforeAll(() => void file('empty.yaml', ''));

describe('the frame', () => {
  it('prints the version', async () => {
    expect(await run(['--version'])).toEqual({ code: 0, out: `${packageVersion()}\n`, err: '' });
  });

  it.each([
    [['strat'], 'Did you mean start?'],
    [['start', '--confg', 'x'], 'Did you mean --config?'],
    [['start', '--role', 'king'], 'Allowed choices are gateway, admin, all.'],
    [['call'], "missing required argument 'name'"],
    [['call', 'x', '--args', '{'], 'It is not valid JSON.'],
    [['call', 'x', '--args', '[1]'], 'It must be a JSON object.'],
    [['tools', '--url', 'localhost'], 'Use an http or https URL'],
    [['tools', '--server', 'a/b'], 'Use 1-32 characters of a-z 0-9 -.'],
    [[], 'Usage: sallyport'],
  ])('wrong usage %j: exit code 2 and what was meant', async (args, expected) => {
    const { code, err } = await run(args);
    expect(code).toBe(2);
    expect(err).toContain(expected);
  });

  it('every command has --json, and help with an example', async () => {
    const io = { stdout: () => undefined, stderr: () => undefined, exit: () => undefined };
    const names = programOf(io).commands.map((command) => command.name());
    expect(names).toEqual(['start', 'init', 'check', 'stdio', 'tools', 'call']);
    for (const name of names) {
      const { code, out } = await run([name, '--help']);
      expect(code, name).toBe(0);
      expect(out, name).toMatch(/--json/);
      expect(out, name).toMatch(/Example.*:\n {2}\S/);
      expect(out, name).toContain('--config <file>');
      expect(Math.max(...out.split('\n').map((line) => line.length)), name).toBeLessThanOrEqual(130);
    }
  });

  it('groups get the folders of the configuration that is named, before or after them', async () => {
    const elsewhere = file('audit.yaml', 'data: ./somewhere\naudit: { folder: ./records }');
    const audit: string[] = [];
    await run(['where', '--config', elsewhere], {
      groups: [
        (program, io) =>
          void program.command('where').action(async () => void audit.push((await io.loadFolders()).audit)),
      ],
    });
    expect(audit).toEqual([join(folder, 'records')]);
    const config = file('data.yaml', 'data: ./somewhere');
    const seen: string[] = [];
    const groups: ProgramPorts['groups'] = [
      (program, io) =>
        void program
          .command('keys')
          .command('list')
          .action(async () => void seen.push((await io.loadFolders()).data)),
    ];
    await run(['keys', 'list', '--config', config], { groups });
    await run(['--config', config, 'keys', 'list'], { groups });
    await run(['keys', 'list'], { groups, environment: { SALLYPORT_CONFIG: config } });
    expect(seen).toEqual(Array(3).fill(join(folder, 'somewhere')));
    expect((await run(['keys'], { groups })).code).toBe(2);
  });

  it('what a command throws is one sentence and exit code 1', async () => {
    const groups: ProgramPorts['groups'] = [
      (program) =>
        void program.command('boom').action(() => {
          throw new Error('the disk is full');
        }),
    ];
    expect(await run(['boom'], { groups })).toEqual({ code: 1, out: '', err: 'the disk is full\n' });
  });
});

describe('check', () => {
  it('exit code 1 with file, line and column', async () => {
    const config = file('bad.yaml', 'gateway:\n  lisen: 1\n');
    expect(await run(['check', '--config', config])).toEqual({
      code: 1,
      out: '',
      err: `${config}:2:3: gateway.lisen: unknown key; did you mean "listen"?\n`,
    });
    const json = await run(['check', '--config', config, '--json']);
    expect(json.code).toBe(1);
    expect(JSON.parse(json.out)).toMatchObject({ ok: false, errors: [{ file: config, line: 2, column: 3 }] });
  });

  it('a secret reference that does not resolve is an error; its value is never printed', async () => {
    const config = file(
      'secret.yaml',
      'servers: { crm: { url: https://crm.example, headers: { Authorization: { secret: env:CRM } } } }',
    );
    expect((await run(['check', '--config', config])).err).toContain('the environment variable CRM is not set');
    const ran = await run(['check', '--config', config, '--json'], { environment: { CRM: 'canary-5d41402abc4b2a76' } });
    expect(ran.code).toBe(0);
    expect(ran.out + ran.err).not.toContain('canary');
  });

  it('lists every weakening', async () => {
    const config = file('weak.yaml', 'servers: { crm: { url: https://crm.example, additionalArguments: allow } }');
    const { code, out } = await run(['check', '--config', config]);
    expect(code).toBe(0);
    expect(out).toContain('Weakened:\n  servers.crm: definitions are trusted when they are first seen');
    expect(out).toContain('additionalArguments: allow');
    expect(out).toContain('1 server, 0 policies');
    expect(out).toContain('every call is refused');
  });

  it('findings of policies count', async () => {
    const finding = { file: 'p.cedar', line: 3, column: 9, message: 'no such tool "x"; did you mean "y"?' };
    const failing = await run(['check'], {
      checkPolicies: async () => ({ policies: 1, findings: [{ ...finding, severity: 'error' }] }),
    });
    expect(failing).toMatchObject({ code: 1, err: 'p.cedar:3:9: no such tool "x"; did you mean "y"?\n' });
    const warned = await run(['check'], {
      checkPolicies: async () => ({ policies: 1, findings: [{ ...finding, severity: 'warning' }] }),
    });
    expect(warned).toMatchObject({ code: 0, err: 'p.cedar:3:9: warning: no such tool "x"; did you mean "y"?\n' });
  });
});

describe('init', () => {
  it('writes a configuration that passes check, and a policy, and never writes over them', async () => {
    const target = join(mkdtempSync(join(tmpdir(), 'sallyport-init-')), 'sallyport.yaml');
    expect((await run(['init', '--file', target, '--tenant', 'acme'])).code).toBe(0);
    expect(await run(['check', '--config', target])).toMatchObject({ code: 0, err: '' });
    writeFileSync(target, 'mine');
    const again = await run(['init', '--file', target]);
    expect(again.code).toBe(1);
    expect(again.err).toContain('exists and was left as it is');
    expect(readFileSync(target, 'utf8')).toBe('mine');
    expect(existsSync(join(target, '..', 'policies', 'main.cedar'))).toBe(true);
  });

  it('every commented-out key is valid when its # is removed', () => {
    const here = mkdtempSync(join(tmpdir(), 'sallyport-init-'));
    mkdirSync(join(here, 'policies'));
    execFileSync(
      'openssl',
      [
        'req',
        '-x509',
        '-newkey',
        'ec',
        '-pkeyopt',
        'ec_paramgen_curve:P-256',
        '-nodes',
        '-days',
        '2',
        '-subj',
        '/CN=x',
        '-keyout',
        'key.pem',
        '-out',
        'cert.pem',
      ],
      { cwd: here, stdio: 'ignore' },
    );
    const text = configTemplate('acme')
      .replace('servers: {}\n', '')
      .replace(/^( *)# (?= *[a-zA-Z]+:(?: |$)| *- )/gm, '$1')
      .replaceAll('./tls/cert.pem', './cert.pem')
      .replaceAll('./tls/key.pem', './key.pem')
      .split('\n')
      .filter(
        (line) =>
          !/^(Keys made|Every key|Secrets are|The URL|approval: a|Calls that|Arguments that|Access tokens)/.test(
            line.trim(),
          ),
      )
      .join('\n');
    const loaded = loadConfigText(text, 'template', {
      environment: { SEARCH_TOKEN: 'tok-5d41402abc4b2a76' },
      folder: here,
    });
    expect('errors' in loaded ? loaded.errors : []).toEqual([]);
    expect((loaded as { snapshot: Snapshot }).snapshot.servers.map((server) => server.name)).toEqual([
      'files',
      'search',
    ]);
    expect((loaded as { snapshot: Snapshot }).snapshot.approvals.rules).toHaveLength(1);
  });

  it('its first example permits what it says: tools of one server that only read', () => {
    const here = mkdtempSync(join(tmpdir(), 'sallyport-init-'));
    writeFileSync(
      join(here, 'main.cedar'),
      policyTemplate('acme')
        .replace(/^\/\/ (?!Example|Who|Check)/gm, '')
        .replace(/^\/\/$/gm, ''),
    );
    const { engine, policies } = loadPolicies(here, { now: () => 0 });
    expect(policies).toHaveLength(2);
    const principal = {
      user: { issuer: 'i', subject: 'ann', roles: ['analyst'], groups: [], claims: {} },
      agent: { clientId: 'c', actors: [] },
      scopes: [],
      tenantClaim: 'acme',
      tier: undefined,
      expiresAtMs: undefined,
      key: 'k',
    };
    const call = { origin: { address: '127.0.0.1' } } as unknown as PolicyRequest['call'];
    const effect = (server: string, annotations: JsonObject): string => {
      const definition: Definition = {
        server,
        kind: 'tool',
        name: 'find',
        digest: 'sha256:0',
        labels: [],
        document: { name: 'find', annotations },
      };
      return engine.decide({ principal, tenant: { id: 'acme' }, action: 'call', definition, input: {}, call }).effect;
    };
    expect([
      effect('search', { readOnlyHint: true }),
      effect('search', { readOnlyHint: false }),
      effect('search', {}),
      effect('crm', { readOnlyHint: true }),
    ]).toEqual(['allow', 'deny', 'deny', 'deny']);
  });
});

describe('start', () => {
  it('runs until a signal, closes, and takes over a changed file', async () => {
    const config = file('start.yaml', 'tenants: [acme]');
    const events: string[] = [];
    const started: Promise<Ran> = run(['start', '--config', config, '--json'], {
      start: async (snapshot, { role }) => {
        events.push(`start ${role} ${snapshot.tenants.join()}`);
        return {
          gatewayUrl: 'http://127.0.0.1:1',
          adminUrl: 'http://127.0.0.1:2',
          close: async () => void events.push('close'),
          reload: (next) => void events.push(`reload ${next.tenants.join()}`),
          rejected: (errors) => void events.push(`rejected ${errors.join()}`),
        };
      },
    });
    const until = async (event: string): Promise<void> => {
      for (let i = 0; i < 100 && !events.includes(event); i++) await new Promise((resolve) => setTimeout(resolve, 50));
      expect(events).toContain(event);
    };
    await until('start all acme');
    await new Promise((resolve) => setTimeout(resolve, 20));
    writeFileSync(config, 'tenants: [acme, globex]');
    await until('reload acme,globex');
    writeFileSync(config, 'tenants: 3');
    signals.emit('SIGHUP');
    signals.emit('SIGTERM');
    const { code, out, err } = await started;
    expect(code).toBe(0);
    expect(JSON.parse(out)).toMatchObject({ gateway_url: 'http://127.0.0.1:1', admin_url: 'http://127.0.0.1:2' });
    expect(err, 'standard error is for the log').toBe('');
    expect(events).toContain(`rejected ${config}:1:10: tenants: expected array, received number`);
    expect(events.at(-1)).toBe('close');
    expect(signals.listenerCount('SIGTERM') + signals.listenerCount('SIGHUP')).toBe(0);
  });

  it('does not start with a configuration that has errors', async () => {
    expect(await run(['start', '--config', file('bad2.yaml', 'a: 1')])).toMatchObject({ code: 1, out: '' });
  });

  it('a port that is taken is one sentence', async () => {
    const ran = await run(['start'], {
      start: async () => {
        throw new Error('gateway: 127.0.0.1:8700 is in use by another process');
      },
    });
    expect(ran).toEqual({ code: 1, out: '', err: 'gateway: 127.0.0.1:8700 is in use by another process\n' });
  });
});

describe('stdio', () => {
  const config = (): string => file('stdio.yaml', 'servers: { notes: { url: https://x } }');
  it('needs a credential, and passes it on', async () => {
    expect((await run(['stdio', '--config', config()])).err).toContain('SALLYPORT_TOKEN is not set');
    const seen: unknown[] = [];
    await run(['stdio', '--config', config(), '--server', 'notes'], {
      environment: { SALLYPORT_TOKEN: 'sp_x' },
      stdio: async (_snapshot, options) => void seen.push(options),
    });
    expect(seen).toEqual([{ server: 'notes', token: 'sp_x' }]);
  });

  it('a server that is not configured is refused', async () => {
    expect(
      await run(['stdio', '--config', config(), '--server', 'nope'], { environment: { SALLYPORT_TOKEN: 'sp_x' } }),
    ).toMatchObject({ code: 1, out: '' });
  });
});

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
      body: `: hi\n\ndata: ${JSON.stringify({ jsonrpc: '2.0', method: 'notifications/progress', params: {} })}\n\nevent: message\ndata: ${JSON.stringify(result({ content: [{ type: 'text', text: 'streamed' }] }))}\n\n`,
    });
    expect((await run(['call', 'x', '--server', 'notes'], { environment: environment() })).out).toBe('streamed\n');
    expect(requests[0]?.path).toBe('/mcp/notes');
  });

  it('a tool that says no, and a gateway that says no: exit code 1', async () => {
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

  it('lists every page, without what steers a terminal (A7)', async () => {
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

  it('sends the headers that a tool asks for, once it was told that they are missing', async () => {
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

  it('mirrors nested arguments in headers when the gateway asks for them', async () => {
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

  it('says so when nothing listens, and never prints the token', async () => {
    const ran = await run(['tools', '--url', 'http://127.0.0.1:9'], { environment: environment() });
    expect(ran).toMatchObject({ code: 1, out: '' });
    expect(ran.err).not.toContain('tok-1');
    expect((await run(['tools'], { environment: {} })).err).toContain('SALLYPORT_TOKEN is not set');
    expect((await run(['tools', '--server', '../admin'], { environment: environment() })).err).toContain(
      'Use 1-32 characters of a-z 0-9 -.',
    );
  });

  it('header values outside ASCII travel in the sentinel', () => {
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
