/** Client programs that others wrote, as their users start them: the MCP Inspector's command line and mcp-remote. */
import { execFile } from 'node:child_process';
import { createRequire } from 'node:module';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { Client } from '@modelcontextprotocol/sdk/client/index.js';
import { StdioClientTransport } from '@modelcontextprotocol/sdk/client/stdio.js';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { openGateway, type TestGateway } from '../e2e/gateway.ts';
import { startFixture, type RunningFixture } from '../fixtures/conformance-server.ts';

const require = createRequire(import.meta.url);

function program(name: string, command: string): string {
  const manifest = join(
    dirname(require.resolve(name === 'mcp-remote' ? 'mcp-remote/package.json' : `${name}/package.json`)),
    'package.json',
  );
  const { bin } = JSON.parse(readFileSync(manifest, 'utf8')) as { bin: Record<string, string> };
  return join(dirname(manifest), bin[command] ?? '');
}

let fixture: RunningFixture;
let gateway: TestGateway;
let home: string;
beforeAll(async () => {
  home = mkdtempSync(join(tmpdir(), 'sallyport-home-'));
  fixture = await startFixture();
  gateway = await openGateway({ servers: { fixture: { url: fixture.url } } });
});
afterAll(async () => {
  await gateway?.close();
  await fixture?.close();
  rmSync(home, { recursive: true, force: true });
});

const run = (file: string, args: readonly string[]): Promise<string> =>
  new Promise((resolve, reject) => {
    execFile(
      process.execPath,
      [file, ...args],
      { timeout: 30_000, env: { PATH: process.env['PATH'], HOME: home } },
      (error, stdout, stderr) => (error === null ? resolve(stdout) : reject(new Error(`${stdout}${stderr}`))),
    );
  });

it('the MCP Inspector lists and calls from its command line', async () => {
  const inspector = program('@modelcontextprotocol/inspector', 'mcp-inspector');
  const common = [
    '--cli',
    `${gateway.url}/mcp/fixture`,
    '--transport',
    'http',
    '--header',
    `Authorization: Bearer ${await gateway.token('alice')}`,
  ];
  expect(await run(inspector, [...common, '--method', 'tools/list'])).toContain('test_simple_text');
  expect(await run(inspector, [...common, '--method', 'tools/call', '--tool-name', 'test_simple_text'])).toContain(
    'This is a simple text response',
  );
});

it('mcp-remote carries a stdio client to the gateway', async () => {
  const client = new Client({ name: 'test', version: '1' });
  await client.connect(
    new StdioClientTransport({
      command: process.execPath,
      args: [
        program('mcp-remote', 'mcp-remote'),
        `${gateway.url}/mcp/fixture`,
        '--allow-http',
        '--transport',
        'http-only',
        '--header',
        `Authorization: Bearer ${await gateway.token('alice')}`,
      ],
      env: { PATH: process.env['PATH'] ?? '', HOME: home },
      stderr: 'ignore',
    }),
  );
  expect(await client.callTool({ name: 'test_simple_text', arguments: {} })).toMatchObject({
    content: [{ text: 'This is a simple text response for testing.' }],
  });
  await client.close();
});
