/** `sallyport connect`: what it writes for each client, that nothing else changes, and that it can be undone. */
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { parse as parseToml } from 'smol-toml';
import { describe, expect, it } from 'vitest';
import { CLIENT_NAMES, CLIENTS, type ClientName } from './clients/clients.ts';
import { withTomlEntry } from './clients/edit-toml.ts';
import type { Prompts } from './prompts.ts';
import { folder, run, type RunOptions } from './testing/run.mts';

const ISSUER = 'identity: { issuers: [{ issuer: https://l.example, audience: x }] }\n';

function setUp(config = '') {
  const home = mkdtempSync(join(folder, 'home-'));
  const file = join(home, 'sallyport.yaml');
  writeFileSync(file, `servers: { crm: { url: https://x } }\n${config}`);
  const environment = { HOME: home, PATH: process.env['PATH'] ?? '' };
  const connect = (args: readonly string[], options: RunOptions = {}) =>
    run(['--config', file, 'connect', ...args], { environment, ...options });
  const fileOf = (client: ClientName): string => CLIENTS[client].userFile(environment, process.platform);
  const write = (client: ClientName, text: string): string => {
    mkdirSync(dirname(fileOf(client)), { recursive: true });
    writeFileSync(fileOf(client), text);
    return fileOf(client);
  };
  return { home, file, connect, fileOf, write, read: (client: ClientName) => readFileSync(fileOf(client), 'utf8') };
}

const URL_OF_ALL = 'http://127.0.0.1:8700/mcp';
/** What each writes for an API key over HTTP; `undefined` where it is started with a program. */
const WRITTEN: Readonly<Record<ClientName, object | undefined>> = {
  'claude-code': { type: 'http', url: URL_OF_ALL, headers: { Authorization: 'Bearer ${SALLYPORT_TOKEN}' } },
  'claude-desktop': undefined,
  cursor: { url: URL_OF_ALL, headers: { Authorization: 'Bearer ${env:SALLYPORT_TOKEN}' } },
  vscode: { type: 'http', url: URL_OF_ALL, headers: { Authorization: 'Bearer ${input:sallyport-key}' } },
  windsurf: { serverUrl: URL_OF_ALL, headers: { Authorization: 'Bearer ${env:SALLYPORT_TOKEN}' } },
  codex: { url: URL_OF_ALL, bearer_token_env_var: 'SALLYPORT_TOKEN' },
  gemini: { httpUrl: URL_OF_ALL, headers: { Authorization: 'Bearer ${SALLYPORT_TOKEN}' } },
  zed: undefined,
};

const parsed = (client: ClientName, text: string): Record<string, Record<string, object>> =>
  (CLIENTS[client].format === 'toml' ? parseToml(text) : JSON.parse(text)) as Record<string, Record<string, object>>;

describe.each(CLIENT_NAMES)('%s', (client) => {
  const [place = ''] = CLIENTS[client].place;

  it('gets an entry in a new file, which is gone after --undo', async () => {
    const { connect, read, fileOf, home, file } = setUp();
    const { code, out } = await connect([client, '--yes']);
    expect(code).toBe(0);
    const entry = parsed(client, read(client))[place]?.['sallyport'];
    if (WRITTEN[client] === undefined) {
      const key = join(home, '.config', 'sallyport', 'keys', client);
      const { command, args, env } = entry as { command: string; args: string[]; env: object };
      expect([command, args.slice(1), env]).toEqual([
        process.execPath,
        ['stdio', '--config', file],
        { SALLYPORT_TOKEN_FILE: key },
      ]);
      expect(existsSync(args[0] ?? '')).toBe(true);
      expect([readFileSync(key, 'utf8'), statSync(key).mode & 0o777]).toEqual([expect.stringMatching(/^sp_/), 0o600]);
    } else expect(entry).toEqual(WRITTEN[client]);
    expect([read(client), out]).toEqual(Array(2).fill(expect.not.stringMatching(/sp_/)));
    expect((await connect([client, '--undo', '--yes'])).code).toBe(0);
    expect(existsSync(fileOf(client))).toBe(false);
  });

  it('leaves the rest of a file as it is, byte for byte after --undo', async () => {
    const { connect, write, read } = setUp(ISSUER);
    const text =
      CLIENTS[client].format === 'toml'
        ? '# mine\nmodel = "x"\n\n[mcp_servers.other]\ncommand = "y" # why\n'
        : `{\n\t// mine\n\t"a": [1,2],\n\t"${place}": {\n\t\t"other": { "command": "y" }, // why\n\t},\n}\n`;
    const path = write(client, text);
    execFileSync('chmod', ['640', path]);
    const transport = CLIENTS[client].http === undefined ? 'stdio' : 'http';
    expect((await connect([client, '--server', 'crm', '--transport', transport, '--yes'])).code).toBe(0);
    for (const part of ['mine', 'other', 'why', 'sallyport-crm']) expect(read(client)).toContain(part);
    expect(statSync(path).mode & 0o777).toBe(0o640);
    expect(readFileSync(`${path}.before-sallyport`, 'utf8')).toBe(text);
    if (transport === 'http') expect(read(client)).toContain('http://127.0.0.1:8700/mcp/crm');
    expect(read(client)).not.toContain('SALLYPORT_TOKEN"');
    expect((await connect([client, '--server', 'crm', '--undo', '--yes'])).code).toBe(0);
    expect([read(client), existsSync(`${path}.before-sallyport`)]).toEqual([text, false]);
  });
});

describe('connect', () => {
  it('shows the change and asks; without a yes nothing is written', async () => {
    const { connect, fileOf } = setUp();
    const asked: string[] = [];
    const answering = (answer: boolean): RunOptions => ({
      prompts: async () =>
        ({ confirm: async (question: string) => (asked.push(question), answer) }) as unknown as Prompts,
    });
    const no = await connect(['cursor'], answering(false));
    expect([no.code, existsSync(fileOf('cursor'))]).toEqual([1, false]);
    expect(no.out).toContain(`+ mcpServers.sallyport: {\n+   "url": "${URL_OF_ALL}"`);
    expect(await connect(['cursor'])).toMatchObject({ code: 1, err: expect.stringContaining('--yes') as string });
    expect((await connect(['cursor', '--print'])).code).toBe(0);
    expect(existsSync(fileOf('cursor'))).toBe(false);
    expect((await connect(['cursor'], answering(true))).code).toBe(0);
    expect(asked).toEqual(Array(2).fill(`Write this into ${fileOf('cursor')}?`));
  });

  it('undo keeps what was written since, and gives an entry of the same name back', async () => {
    const { connect, write, read } = setUp();
    write('cursor', '{ "mcpServers": { "sallyport": { "url": "https://mine" } } }');
    await connect(['cursor', '--yes']);
    await connect(['cursor', '--yes', '--key-variable', 'OTHER']);
    write('cursor', read('cursor').replace('{', '{ "later": 1,'));
    await connect(['cursor', '--undo', '--yes']);
    expect(JSON.parse(read('cursor'))).toEqual({ later: 1, mcpServers: { sallyport: { url: 'https://mine' } } });
    write('cursor', '{}');
    expect(await connect(['cursor', '--undo', '--yes'])).toMatchObject({ code: 1 });
  });

  it('VS Code asks for the key once, as long as an entry needs it', async () => {
    const { connect, read } = setUp();
    await connect(['vscode', '--yes']);
    expect(JSON.parse(read('vscode'))).toMatchObject({ inputs: [{ id: 'sallyport-key', password: true }] });
    await connect(['vscode', '--yes', '--transport', 'stdio']);
    expect(JSON.parse(read('vscode'))).not.toHaveProperty('inputs');
  });

  it('takes the credential of this shell for a program', async () => {
    const { connect, home, file } = setUp();
    const environment = { HOME: home, SALLYPORT_TOKEN: 'sp_mine' };
    await run(['--config', file, 'connect', 'claude-desktop', '--yes'], { environment });
    expect(readFileSync(join(home, '.config/sallyport/keys/claude-desktop'), 'utf8')).toBe('sp_mine\n');
    expect((await connect(['claude-desktop', '--json', '--print'])).out).not.toContain('sp_mine');
  });

  it.each<[args: readonly string[], text: string | undefined, code: number, why: string]>([
    [['claude-desktop', '--transport', 'http', '--yes'], undefined, 1, 'starts programs only'],
    [['zed', '--transport', 'http', '--yes'], undefined, 1, 'reads no variables'],
    [['windsurf', '--project', '--yes'], undefined, 1, 'has no file for a project'],
    [['cursor', '--server', 'crn', '--yes'], undefined, 1, 'did you mean crm?'],
    [['cursr'], undefined, 2, 'Did you mean cursor?'],
    [['cursor', '--yes'], '{ "mcpServers": [', 1, 'is not a JSON object; nothing was changed'],
    [['cursor', '--undo', '--yes'], '{}', 1, 'has no server sallyport'],
  ])('%j is refused', async (args, text, code, why) => {
    const { connect, write, fileOf } = setUp();
    if (text !== undefined) write('cursor', text);
    const ran = await connect(args);
    expect([ran.code, ran.err]).toEqual([code, expect.stringContaining(why)]);
    if (text !== undefined) expect(readFileSync(fileOf('cursor'), 'utf8')).toBe(text);
  });

  it('TOML: other spellings of a table are replaced, and those that cannot be are left alone', () => {
    const entry = { url: 'https://x' };
    const before =
      '[mcp_servers."sallyport"]\nurl = "y"\n[ mcp_servers.sallyport.env ]\nA = "b"\n[z]\nq = [\n"[a]",\n]\n';
    expect(parseToml(withTomlEntry(before, 'sallyport', entry))).toEqual({
      mcp_servers: { sallyport: entry },
      z: { q: ['[a]'] },
    });
    expect(() => withTomlEntry('mcp_servers = { sallyport = { url = "y" } }\n', 'sallyport', entry)).toThrow();
    expect(() => withTomlEntry('a = ', 'sallyport', entry)).toThrow('is not TOML');
  });
});

it('a credential that others can read is not taken from a file', async () => {
  const { home, file } = setUp();
  const token = join(home, 'token');
  writeFileSync(token, 'sp_x\n', { mode: 0o644 });
  const environment = { HOME: home, SALLYPORT_TOKEN_FILE: token };
  const seen: string[] = [];
  const stdio = async (_snapshot: unknown, _server: unknown, given: string): Promise<void> => void seen.push(given);
  expect((await run(['--config', file, 'stdio'], { environment, stdio })).err).toContain(`chmod 600 ${token}`);
  execFileSync('chmod', ['600', token]);
  expect((await run(['--config', file, 'stdio'], { environment, stdio })).code).toBe(0);
  expect(seen).toEqual(['sp_x']);
});
