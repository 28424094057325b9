/** The sandbox of a server, as it is written: what it becomes, and what would defeat it. */
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { ServerTransport } from '../snapshot.ts';
import { errorOf, folder, snapshotOf } from './testing/load.mts';

const server = (sandbox: string, more = ''): string =>
  `servers: { a: { command: [x], pin: approval${more}, sandbox: { ${sandbox} } } }`;
const transportOf = (text: string): ServerTransport | undefined => snapshotOf(text).servers[0]?.transport;

describe('the sandbox of a server', () => {
  it('has no network, nothing of the machine and limits when nothing else is said', () => {
    expect(transportOf(server(''))).toMatchObject({
      sandbox: {
        network: [],
        readOnly: [],
        writable: [],
        memoryBytes: 512 * 1024 ** 2,
        cpus: undefined,
        processes: 128,
        scratchBytes: 64 * 1024 ** 2,
        openFiles: 1024,
      },
    });
  });

  it('is read as the contract writes it', () => {
    const text = 'network: none, readOnly: [/srv/docs, ./own], memory: 128Mi, cpu: 0.5';
    expect(transportOf(server(text))).toMatchObject({
      sandbox: { network: [], readOnly: ['/srv/docs', join(folder, 'own')], memoryBytes: 2 ** 27, cpus: 0.5 },
    });
    expect(transportOf(server('network: [API.example.com:443, "[::1]:8443"]'))).toMatchObject({
      sandbox: {
        network: [
          { host: 'api.example.com', port: 443 },
          { host: '::1', port: 8443 },
        ],
      },
    });
  });

  it.each([
    ['readOnly: [/]', 'is everything'],
    ['readOnly: [./data]', 'data folder of the gateway'],
    ['writable: [./data/audit]', 'data folder of the gateway'],
    ['readOnly: ["."]', 'data folder of the gateway'],
    ['readOnly: [/proc/1]', 'sockets, devices or secrets'],
    ['readOnly: [/run/docker.sock]', 'sockets, devices or secrets'],
    ['readOnly: [/srv/../run]', 'sockets, devices or secrets'],
    ['readOnly: [/etc]', 'sockets, devices or secrets'],
    ['readOnly: [/srv/a/b], writable: [/srv/a]', 'put a link in its place'],
    ['writable: [/srv/a, /srv/a/b]', 'put a link in its place'],
    ['network: all', 'must be none, or a list of host:port'],
    ['network: []', 'must have at least 1 entry'],
    ['network: ["*.example.com:443"]', 'host:port'],
    ['network: [example.com]', 'host:port'],
    ['network: ["example.com:70000"]', 'host:port'],
    ['memory: 1Mi', 'at least 32Mi'],
    ['cpu: 0', 'cpu'],
    ['processes: 1', 'processes'],
    ['netwrok: none', 'did you mean "network"'],
  ])('X5 is refused: %s', (text, why) => {
    expect(errorOf(server(text))).toContain(why);
  });

  it.each(['LD_PRELOAD', 'LD_LIBRARY_PATH', 'LD_AUDIT'])('X5 is refused with the variable %s', (name) => {
    expect(errorOf(server('', `, env: { ${name}: /srv/x.so }`))).toContain('outside of it');
  });

  it('is for programs only', () => {
    expect(errorOf('servers: { a: { url: https://x, sandbox: { memory: 1Gi } } }')).toContain('"command" only');
  });
});

describe('commands that download what they run', () => {
  const ofCommand = (command: string, more = ''): string =>
    `servers: { a: { command: [${command}], pin: approval${more} } }`;

  it.each([
    'npx, -y, some-server',
    'npx, -y, some-server@latest',
    'npx, -y, some-server@^1.2.3',
    'npx, --package=other, some-server@1.2.3',
    'npx, -p, other, some-server@1.2.3',
    'npm, exec, --, some-server',
    'pnpm, dlx, some-server',
    'bun, x, some-server',
    'uvx, some-server',
    'uvx, --from, other, some-server==1.2.3',
    'uvx, --with, other, some-server==1.2.3',
    'uvx, --with=other, some-server==1.2.3',
    'uv, tool, run, some-server',
    '/usr/bin/npx, some-server',
  ])('without an exact version are weakenings: %s', (command) => {
    expect(snapshotOf(ofCommand(command)).weakenings.join()).toMatch(/(some-server|other)\S* has no exact version/);
  });

  it.each([
    'npx, -y, some-server@1.2.3',
    'npx, -y, "@scope/some-server@1.2.3-rc.1"',
    'npx, -p, some-server@1.2.3, run-it',
    'uvx, --python, "3.12", some-server==1.2.3',
    'npm, run, start',
    'node, index.js',
  ])('with one are none: %s', (command) => {
    expect(snapshotOf(ofCommand(command)).weakenings).toEqual([]);
  });

  it('run no scripts of packages while they install them, unless that is written', () => {
    const environmentOf = (text: string): unknown => (transportOf(text) as { env: unknown }).env;
    const npx = 'npx, -y, some-server@1.2.3';
    expect(environmentOf(ofCommand(npx))).toEqual({ npm_config_ignore_scripts: 'true' });
    expect(environmentOf(ofCommand('node, index.js'))).toEqual({});
    const on = ofCommand(npx, ', env: { npm_config_ignore_scripts: "false" }');
    expect(environmentOf(on)).toEqual({ npm_config_ignore_scripts: 'false' });
    expect(snapshotOf(on).weakenings.join()).toContain('scripts of packages run while they are installed');
  });
});
