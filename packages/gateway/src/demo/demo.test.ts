import { mkdtempSync, readFileSync, statSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { execFile } from 'node:child_process';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { loadConfigText } from '../config.ts';
import { banner, type BannerContent } from './banner.ts';
import { openNotesToken, startNotes, type NotesProcess } from './notes-process.ts';
import { curlFile, DEMO_CALLS } from './demo-calls.ts';
import { openDemoUsers } from './users.ts';

const ROOT = fileURLToPath(new URL('../../../../', import.meta.url));
const content: BannerContent = {
  gatewayUrl: 'http://127.0.0.1:8700',
  adminUrl: 'http://127.0.0.1:8701',
  calls: DEMO_CALLS,
  callsFolder: 'data/demo/try',
  users: [
    { subject: 'alice', name: 'Alice', tenant: 'acme', roles: ['admin'], tier: undefined, password: 'pw-1234567' },
    { subject: 'bob', name: 'Bob', tenant: 'acme', roles: ['analyst'], tier: undefined, password: 'pw-12' },
  ],
  rights: { alice: 'everything', bob: 'reads notes' },
  command: 'node packages/gateway/bin/sallyport.js',
  configFile: 'examples/demo/sallyport.yaml',
  weakenings: [
    'servers.everything: definitions are trusted when they are first seen (pin: first_use), not approved by a person',
    'demo: on',
  ],
  signIn: true,
};

describe('the banner', () => {
  it('equals the recorded text', () => {
    expect(banner(content)).toMatchSnapshot();
  });

  it('fits a terminal of 100 columns, and names everything that a user needs', () => {
    const text = banner(content);
    expect(Math.max(...text.split('\n').map((line) => line.length))).toBeLessThanOrEqual(100);
    for (const needed of [
      'claude mcp add --transport http sallyport http://127.0.0.1:8700/mcp',
      'Cursor',
      'VS Code',
      'MCP Inspector',
      'audit verify',
      '1-allowed',
      '6-limited',
      'http://127.0.0.1:8701/metrics',
      'Dashboard     http://127.0.0.1:8701 ',
      'http://127.0.0.1:8701/approvals',
    ]) {
      expect(text).toContain(needed);
    }
  });

  it('does not offer sign-in without an authorization server', () => {
    const text = banner({ ...content, signIn: false });
    expect(text).not.toContain('sign in');
    expect(text).not.toContain('pw-');
    expect(Math.max(...text.split('\n').map((line) => line.length))).toBeLessThanOrEqual(100);
  });
});

describe('users and keys', () => {
  it('A30 passwords are made on the first start, are readable by their owner only, and differ elsewhere', () => {
    const folder = mkdtempSync(join(tmpdir(), 'sallyport-demo-'));
    const users = openDemoUsers(folder);
    expect(openDemoUsers(folder)).toEqual(users);
    expect(statSync(join(folder, 'demo-users.json')).mode & 0o777).toBe(0o600);
    const other = openDemoUsers(mkdtempSync(join(tmpdir(), 'sallyport-demo-')));
    expect(new Set([...users, ...other].map((user) => user.password)).size).toBe(8);
  });

  it('the example configuration loads, and its weakenings are known', () => {
    const file = join(ROOT, 'examples', 'demo', 'sallyport.yaml');
    const folder = mkdtempSync(join(tmpdir(), 'sallyport-demo-'));
    openNotesToken(join(folder, 'notes.token'));
    const loaded = loadConfigText(readFileSync(file, 'utf8').replaceAll('../../data/demo', folder), file, {
      environment: {},
      folder: dirname(file),
    });
    expect('errors' in loaded ? loaded.errors : []).toEqual([]);
    expect('snapshot' in loaded ? loaded.snapshot.weakenings : []).toEqual([
      'servers.everything: definitions are trusted when they are first seen (pin: first_use), not approved by a person',
      'servers.notes: definitions are trusted when they are first seen (pin: first_use), not approved by a person',
      'demo: the built-in authorization server with demo users is on',
    ]);
  });
});

describe('the notes server, in its own process', () => {
  let notes: NotesProcess;
  const tokenFile = join(mkdtempSync(join(tmpdir(), 'sallyport-notes-')), 'token');
  beforeAll(async () => {
    openNotesToken(tokenFile);
    notes = await startNotes(0, tokenFile);
  });
  afterAll(() => notes.stop());
  const call = async (
    name: string,
    args: object,
    token = readFileSync(tokenFile, 'utf8').trim(),
  ): Promise<{ status: number; text: string }> => {
    const one = { file: 'x', user: 'x', server: 'x', shows: 'x', tool: name, arguments: args as Record<string, never> };
    const body = /^data = (".*")$/m.exec(curlFile(one, 'http://x', ''))?.[1] ?? '';
    const response = await fetch(`http://127.0.0.1:${notes.port}/mcp`, {
      method: 'POST',
      body: JSON.parse(body) as string,
      headers: {
        authorization: `Bearer ${token}`,
        'content-type': 'application/json',
        accept: 'application/json, text/event-stream',
        'mcp-protocol-version': '2026-07-28',
        'mcp-method': 'tools/call',
        'mcp-name': name,
      },
    });
    return { status: response.status, text: await response.text() };
  };

  it('A32 accepts requests of the gateway only', async () => {
    expect((await call('list_notes', { tenant: 'acme' }, 'guess')).status).toBe(401);
    expect((await call('list_notes', { tenant: 'acme' }, '')).status).toBe(401);
  });

  it('keeps the notes of tenants apart', async () => {
    expect((await call('add_note', { tenant: 'acme', title: 'a', text: 'secret of acme' })).text).toContain(
      'Note 2 was added.',
    );
    expect((await call('list_notes', { tenant: 'globex' })).text).not.toContain('secret of acme');
    expect((await call('delete_note', { tenant: 'globex', id: 2 })).text).toContain('There is no such note.');
    expect((await call('delete_note', { tenant: 'acme', id: 2 })).text).toContain('Note 2 was deleted.');
  });

  it('has strict schemas', async () => {
    for (const args of [{}, { tenant: 'acme', more: 1 }, { tenant: 'other' }])
      expect((await call('list_notes', args)).text, JSON.stringify(args)).toMatch(/"isError":true|"error"/);
  });

  it('a port that is in use is reported in one sentence', async () => {
    const blocker = createServer().listen(0, '127.0.0.1');
    await new Promise((resolve) => blocker.once('listening', resolve));
    const { port } = blocker.address() as { port: number };
    await expect(startNotes(port, tokenFile)).rejects.toThrow(`127.0.0.1:${port} is in use by another process`);
    blocker.close();
  });
});

it('curl reads the files as intended', async () => {
  const { createServer: createHttp } = await import('node:http');
  const { writeCurlFiles } = await import('./demo-calls.ts');
  const folder = mkdtempSync(join(tmpdir(), 'sallyport-tries-'));
  const seen: { url: string; authorization: string; body: string }[] = [];
  const server = createHttp((request, response) => {
    let body = '';
    request.on('data', (chunk: Buffer) => (body += chunk.toString()));
    request.on('end', () => {
      seen.push({ url: request.url ?? '', authorization: request.headers.authorization ?? '', body });
      response.end('ok');
    });
  }).listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  writeCurlFiles(
    folder,
    { gatewayUrl: `http://127.0.0.1:${(server.address() as { port: number }).port}`, adminUrl: 'http://127.0.0.1:1' },
    new Map([['alice', 'sp_1_a"b\\c']]),
  );
  expect(statSync(join(folder, '1-allowed')).mode & 0o777).toBe(0o600);
  const out = await new Promise<string>((resolve, reject) =>
    execFile('curl', ['-K', join(folder, '1-allowed')], (error, stdout) => (error ? reject(error) : resolve(stdout))),
  );
  server.close();
  expect(out).toBe('ok\n');
  expect(seen[0]).toMatchObject({ url: '/mcp/notes', authorization: 'Bearer sp_1_a"b\\c' });
  expect(JSON.parse(seen[0]?.body ?? '')).toMatchObject({
    params: { name: 'add_note', arguments: { tenant: 'acme', title: 'Hello' } },
  });
});
