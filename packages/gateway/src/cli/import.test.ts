/** `sallyport init --from`: the servers of every client, with secrets turned into references, told in words. */
import { existsSync, mkdtempSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { importServer } from './clients/import-server.ts';
import { readClientServers } from './clients/read-servers.ts';
import { folder, run } from './testing/run.mts';

const TOKEN = 'ghp_canary5d41402abc4b2a7600';

/** One server over each transport, as each client writes it. */
const WRITTEN: Readonly<Record<string, string>> = {
  'mcp.json, Claude Desktop, Cursor': `{ "mcpServers": {
    "files": { "command": "npx", "args": ["-y", "pkg@1.2.3", "/srv"], "env": { "A": "\${env:A}" } },
    "search": { "url": "https://s.example/mcp", "headers": { "Authorization": "Bearer \${env:KEY}" } } } }`,
  'Claude Code, user and project': `{ "numStartups": 3, "mcpServers": {
    "search": { "type": "http", "url": "https://s.example/mcp", "headers": { "Authorization": "Bearer \${KEY}" } } },
    "projects": { "/x": { "mcpServers": {
      "files": { "type": "stdio", "command": "npx", "args": ["-y", "pkg@1.2.3", "/srv"],
        "env": { "A": "\${A:-b}" } } } } } }`,
  'VS Code, with comments and inputs': `{ // mine
    "inputs": [{ "type": "promptString", "id": "key", "password": true }],
    "servers": {
      "files": { "type": "stdio", "command": "npx", "args": ["-y", "pkg@1.2.3", "/srv"], "env": { "A": "\${env:A}" } },
      "search": { "type": "http", "url": "https://s.example/mcp",
        "headers": { "Authorization": "Bearer \${input:key}" } },
    } }`,
  Windsurf: `{ "mcpServers": {
    "files": { "command": "npx", "args": ["-y", "pkg@1.2.3", "/srv"], "env": { "A": "\${env:A}" } },
    "search": { "serverUrl": "https://s.example/mcp", "headers": { "Authorization": "Bearer \${env:KEY}" } } } }`,
  'Gemini CLI': `{ "theme": "x", "mcpServers": {
    "files": { "command": "npx", "args": ["-y", "pkg@1.2.3", "/srv"], "env": { "A": "$A" } },
    "search": { "httpUrl": "https://s.example/mcp", "headers": { "Authorization": "Bearer $KEY" } } } }`,
  Codex: `model = "x"
[mcp_servers.files]
command = "npx"
args = ["-y", "pkg@1.2.3", "/srv"]
env_vars = ["A"]
[mcp_servers.search]
url = "https://s.example/mcp"
bearer_token_env_var = "KEY"`,
  'Zed, new and old': `{ "context_servers": {
    "files": { "source": "custom", "command": {
      "path": "npx", "args": ["-y", "pkg@1.2.3", "/srv"], "env": { "A": "$A" } } },
    "search": { "url": "https://s.example/mcp", "headers": { "Authorization": "Bearer \${KEY}" } } } }`,
  'VS Code settings': `{ "mcp": { "servers": {
    "files": { "command": "npx", "args": ["-y", "pkg@1.2.3", "/srv"], "env": { "A": "\${env:A}" } },
    "search": { "url": "https://s.example/mcp", "headers": { "Authorization": "Bearer \${env:KEY}" } } } } }`,
};

it.each(Object.entries(WRITTEN))('%s', (_client, text) => {
  const servers = readClientServers(text).map((server) => importServer(server, new Set()));
  const byName = Object.fromEntries(servers.map(({ name, server }) => [name, server]));
  expect(byName).toEqual({
    files: { command: ['npx', '-y', 'pkg@1.2.3', '/srv'], env: { A: { secret: 'env:A' } } },
    search: {
      url: 'https://s.example/mcp',
      headers: { Authorization: { secret: 'env:KEY', prefix: 'Bearer ' } },
    },
  });
});

describe('init --from', () => {
  const importing = async (config: object, environment = {}) => {
    const here = mkdtempSync(join(folder, 'import-'));
    const from = join(here, 'mcp.json');
    writeFileSync(from, JSON.stringify(config));
    const file = join(here, 'sallyport.yaml');
    const ran = await run(['init', '--file', file, '--from', from], { environment });
    return { here, file, ran, written: existsSync(file) ? readFileSync(file, 'utf8') : '' };
  };

  it('a literal secret moves into a file for its owner only, and is told in words without it', async () => {
    const { here, file, ran, written } = await importing({
      mcpServers: { 'Git Hub': { command: 'node', args: ['x.js'], env: { GITHUB_TOKEN: TOKEN, LEVEL: 'debug' } } },
    });
    expect([ran.code, ran.out + ran.err + written]).toEqual([0, expect.not.stringContaining(TOKEN)]);
    expect(ran.out).toContain('GITHUB_TOKEN was a literal secret: it is in secrets/git-hub.GITHUB_TOKEN now');
    expect(ran.out).toContain('it was called "Git Hub"');
    expect(ran.out).toContain('sallyport add git-hub');
    const secret = join(here, 'secrets', 'git-hub.GITHUB_TOKEN');
    expect([readFileSync(secret, 'utf8'), statSync(secret).mode & 0o777]).toEqual([`${TOKEN}\n`, 0o600]);
    expect(readFileSync(join(here, 'secrets', '.gitignore'), 'utf8')).toBe('*\n');
    expect((parse(written) as { servers: object }).servers).toEqual({
      'git-hub': {
        command: ['node', 'x.js'],
        env: { GITHUB_TOKEN: { secret: 'file:./secrets/git-hub.GITHUB_TOKEN' }, LEVEL: 'debug' },
      },
    });
    const environment = { PATH: process.env['PATH'] ?? '' };
    expect((await run(['check', '--config', file], { environment })).code).toBe(0);
  });

  it('what cannot be taken over is left out, with the reason', async () => {
    const { ran, written } = await importing({
      mcpServers: {
        argument: { command: 'x', args: ['--token', 'hunter22'] },
        off: { command: 'x', disabled: true },
        plain: { url: 'http://far.example/mcp' },
        folder: { command: 'x', args: ['${workspaceFolder}'] },
        example: { command: 'x', env: { API_KEY: 'YOUR_API_KEY' } },
        remote: { command: 'npx', args: ['-y', 'mcp-remote', 'https://r.example/mcp', '--header', 'X-Api-Key: ${K}'] },
      },
    });
    expect(ran.code).toBe(0);
    for (const part of [
      'argument 2 looks like a secret',
      'it is switched off there',
      'must be https outside loopback',
      'is never expanded here',
      'set the variable EXAMPLE_API_KEY',
      'mcp-remote is not needed',
    ])
      expect(ran.out).toContain(part);
    expect(ran.out + written).not.toContain('hunter22');
    expect((parse(written) as { servers: object }).servers).toEqual({
      example: { command: ['x'], env: { API_KEY: { secret: 'env:EXAMPLE_API_KEY' } } },
      remote: { url: 'https://r.example/mcp', headers: { 'X-Api-Key': { secret: 'env:K' } } },
    });
  });

  it('names that are the same afterwards stay apart', async () => {
    const { written } = await importing({ mcpServers: { 'a b': { command: 'x' }, a_b: { command: 'y' } } });
    expect(Object.keys((parse(written) as { servers: object }).servers)).toEqual(['a-b', 'a-b-2']);
  });

  it.each([
    ['{ "a": 1 }', 'names no servers'],
    ['{ "mcpServers": [', 'is not JSON'],
    ['not = [toml', 'is neither JSON nor TOML'],
    ['[]', 'is not a JSON object'],
  ])('%s is refused, and nothing is written', async (text, why) => {
    const here = mkdtempSync(join(folder, 'import-'));
    writeFileSync(join(here, 'x.json'), text);
    const ran = await run(['init', '--file', join(here, 's.yaml'), '--from', join(here, 'x.json')], {
      environment: {},
    });
    expect([ran.code, ran.err]).toEqual([1, expect.stringContaining(why)]);
    expect(existsSync(join(here, 's.yaml'))).toBe(false);
  });
});
