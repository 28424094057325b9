/** What `sallyport check` finds in the settings besides errors of the schema. */
import { mkdtempSync } from 'node:fs';
import { join } from 'node:path';
import { mintApiKey } from '@sallyport/guard/stages';
import { describe, expect, it } from 'vitest';
import { openStore } from '../adapters/sqlite/store.ts';
import { argumentSecrets } from '../config/argument-secrets.ts';
import { findProgram } from './find-program.ts';
import { file, folder, run, type Ran } from './testing/run.mts';

const check = async (
  text: string,
  environment: Record<string, string> = { PATH: process.env['PATH'] ?? '' },
): Promise<Ran> => run(['check', '--config', file('settings.yaml', text)], { environment });

describe('check', () => {
  it('no servers are a warning', async () => {
    const { code, err } = await check('tenants: [acme]');
    expect([code, err]).toEqual([0, expect.stringContaining('warning: there are no servers')]);
    expect(err).toContain('sallyport add NAME');
  });

  it('a program that is not there is an error with its position', async () => {
    const { code, err } = await check(
      'servers:\n  files:\n    command: [no-such-program, x]\n  gone: { command: [./gone] }',
    );
    expect(code).toBe(1);
    expect(err).toContain('settings.yaml:3:15: servers.files.command: no program no-such-program is on PATH');
    expect(err).toContain(`servers.gone.command: there is no program ${join(folder, 'gone')}`);
  });

  it('a program is looked for on the PATH of its server', async () => {
    const server = (path: string): string => `servers: { a: { command: [node], env: { PATH: "${path}" } } }`;
    expect((await check(server(process.env['PATH'] ?? ''), {})).code).toBe(0);
    expect((await check(server('/nowhere'))).code).toBe(1);
  });

  it('a literal secret in an argument is a warning that does not show it', async () => {
    const { code, err } = await check('servers:\n  a: { command: [node, --token, hunter22] }');
    expect([code, err]).toEqual([
      0,
      expect.stringMatching(/settings.yaml:2:33: warning: servers.a.command.2: looks like a/),
    ]);
    expect(err).not.toContain('hunter22');
    const split = await check('servers: { a: { command: node, args: [x, --token=hunter22] } }');
    expect(split.err).toContain('warning: servers.a.args.1: looks like a secret');
  });
});

it.each<[args: readonly string[], found: readonly number[]]>([
  [['--api-key', 'abc'], [1]],
  [['--api-key=abc'], [0]],
  [['--password=env:NAME', '--token', '$TOKEN'], []],
  [['--token-file', '/run/token', '--token', '--verbose'], []],
  [['postgres://user:hunter2@db/x', 'postgres://user@db/x'], [0]],
  [['--url=postgres://user:hunter2@db/x'], [0]],
  [['--dsn', 'postgres://user:hunter2@db/x'], [1]],
  [['--header', 'Bearer abc'], [1]],
  [['-y', '@scope/server@1.2.3', '/srv/docs'], []],
])('secrets in arguments: %j', (args, found) => expect(argumentSecrets(args)).toEqual(found));

it('a program is found as the system finds it', () => {
  const only = (wanted: string) => (candidate: string) => candidate === wanted;
  expect(findProgram('npx', { PATH: '/a:/b' }, 'linux', only('/b/npx'))).toBe('/b/npx');
  expect(findProgram('npx', { PATH: '/a', PATHEXT: '.EXE;.CMD' }, 'win32', only('/a/npx.CMD'))).toBe('/a/npx.CMD');
  expect(findProgram('/x/npx', { PATH: '/a' }, 'linux', only('/x/npx'))).toBe('/x/npx');
  expect(findProgram('npx', {}, 'linux', () => true)).toBeUndefined();
});

describe('rules for approval that nobody can answer', () => {
  const data = mkdtempSync(join(folder, 'data-'));
  const rules = (more = ''): string =>
    `data: ${data}\nservers: { a: { url: https://x } }\n` +
    `approvals: { rules: [{ server: a, tool: x, approvers: [role:lead], required: 2 }] }\n${more}`;
  const createKey = async (name: string, roles: readonly string[], scopes: readonly string[]): Promise<void> => {
    const store = openStore(join(data, 'sallyport.db'));
    const fields = { tenant: 'default', name, subject: name, roles, scopes, tier: undefined };
    await store.keys.put(mintApiKey({ ...fields, createdAtMs: 0, expiresAtMs: undefined }).key);
    store.close();
  };

  it('are warnings until there are enough people who can', async () => {
    const warned = expect.stringMatching(
      /settings.yaml:3:\d+: warning: approvals.rules.0: nobody can answer/,
    ) as string;
    expect((await check(rules())).err).toEqual(warned);
    await createKey('ann', ['lead'], ['control:approver']);
    await createKey('bob', ['lead'], []);
    await createKey('cid', [], ['control:approver']);
    expect((await check(rules())).err, 'one of two').toEqual(warned);
    await createKey('dora', ['lead'], ['control:viewer']);
    expect((await check(rules())).err).toBe('');
  });

  it('are none where people sign in, and where nobody must approve', async () => {
    const signIn =
      'identity: { issuers: [{ issuer: https://l.example, audience: x }] }\n' +
      'control: { signIn: [{ issuer: https://l.example, clientId: c }] }';
    expect((await check(rules(signIn).replace(data, `${data}-2`))).err).toBe('');
    expect((await check(rules().replace('required: 2', 'required: 0').replace(data, `${data}-2`))).err).toBe('');
  });
});
