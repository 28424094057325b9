/**
 * `npm run clients`: installs Claude Code, Codex and Gemini CLI from npm into a temporary folder, points each at a
 * gateway with `sallyport connect`, over HTTP and as a program, and asks each for its servers. It needs the network and
 * minutes, so it is no part of CI. `npm run clients -- FOLDER` takes clients that are installed there.
 */
import { execFile, spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { freePort } from '../../e2e/gateway.ts';

const run = promisify(execFile);
const root = fileURLToPath(new URL('../../../', import.meta.url));
const TIMEOUT_MS = 120_000;

/** A client, the lines that show its servers, and what they say of one that was reached. */
const CLIENTS = {
  'claude-code': {
    package: '@anthropic-ai/claude-code',
    command: ['claude', 'mcp', 'list'],
    says: /sallyport: .*Connected/,
  },
  // It shows the configuration and reaches no server without an account.
  codex: { package: '@openai/codex', command: ['codex', 'mcp', 'list'], says: /sallyport .*enabled/ },
  gemini: { package: '@google/gemini-cli', command: ['gemini', 'mcp', 'list'], says: /sallyport: .*Connected/ },
} as const;

async function install(folder: string): Promise<void> {
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, 'package.json'), '{ "private": true }');
  const names = Object.values(CLIENTS).map((client) => client.package);
  await run('npm', ['install', '--no-audit', '--no-fund', ...names], { cwd: folder });
}

/** A gateway with one server, and commands that know where it is. */
async function openGateway(home: string) {
  const [gateway, admin] = [await freePort(), await freePort()];
  const server = join(root, 'node_modules/@modelcontextprotocol/server-everything/dist/index.js');
  writeFileSync(
    join(home, 'sallyport.yaml'),
    `gateway: { listen: ${gateway} }\nadmin: { listen: ${admin} }\nservers: { all: { command: [node, ${server}, stdio] } }\n`,
  );
  const PATH = `${join(root, 'node_modules/.bin')}:${process.env['PATH'] ?? ''}`;
  const environment = { PATH, HOME: home, CODEX_HOME: join(home, '.codex') };
  mkdirSync(environment.CODEX_HOME);
  const args = ['--conditions=sallyport-source', join(root, 'packages/gateway/src/main.ts')];
  const sallyport = async (...more: readonly string[]): Promise<string> =>
    (await run(process.execPath, [...args, ...more], { cwd: home, env: environment })).stdout;
  const child: ChildProcess = spawn(process.execPath, [...args, 'start'], { cwd: home, env: environment });
  await new Promise<void>((resolve) =>
    child.stdout?.on('data', (piece: Buffer) => piece.includes('ready') && resolve()),
  );
  return { sallyport, environment, child };
}

const given = process.argv[2];
const home = mkdtempSync(join(tmpdir(), 'sallyport-clients-'));
const clients = given ?? join(home, 'clients');
if (given === undefined) await install(clients);
const { sallyport, environment, child } = await openGateway(home);
let failures = 0;
try {
  const token = (await sallyport('keys', 'create', '--tenant', 'default', '--name', 'me')).trim();
  const env = { ...environment, SALLYPORT_TOKEN: token };
  mkdirSync(join(home, '.gemini'));
  writeFileSync(join(home, '.gemini', 'trustedFolders.json'), JSON.stringify({ [home]: 'TRUST_FOLDER' }));
  for (const [name, client] of Object.entries(CLIENTS)) {
    const manifest = readFileSync(join(clients, 'node_modules', client.package, 'package.json'), 'utf8');
    const { version } = JSON.parse(manifest) as { readonly version: string };
    for (const transport of ['http', 'stdio']) {
      await sallyport('connect', name, '--transport', transport, '--yes');
      const [program, ...args] = client.command;
      const options = { cwd: home, env, timeout: TIMEOUT_MS };
      const said = await run(join(clients, 'node_modules', '.bin', program), args, options).catch(
        (thrown: { readonly stdout?: string; readonly stderr?: string }) => thrown,
      );
      const text = `${said.stdout ?? ''}${said.stderr ?? ''}`;
      const isReached = client.says.test(text);
      if (!isReached) failures += 1;
      process.stdout.write(`${isReached ? 'ok    ' : 'FAILED'} ${name} ${version} over ${transport}\n`);
      if (!isReached) process.stdout.write(`${text}\n`);
    }
    await sallyport('connect', name, '--undo', '--yes');
  }
} finally {
  child.kill('SIGTERM');
  await once(child, 'exit');
  rmSync(home, { recursive: true, force: true });
}
process.exitCode = failures === 0 ? 0 : 1;
