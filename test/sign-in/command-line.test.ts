/**
 * `sallyport login` against the authorization server of the demo, over real HTTP: a person confirms the code on its
 * pages, the commands use what was saved, renew it, and forget it. How a slow issuer is asked is seen at a small one.
 */
import { mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { programOf, run, type Ran } from '../../packages/gateway/src/cli/testing/run.mts';
import { runProgram } from '../../packages/gateway/src/cli/program.ts';
import { Browser, type Page } from './browser.ts';
import { ALICE, openSignInGateway, type SignInGateway } from './gateway.ts';

let gateway: SignInGateway;
let home: string;
beforeAll(async () => {
  gateway = await openSignInGateway();
});
afterAll(() => gateway.close());
beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), 'sallyport-home-'));
});
afterEach(() => rmSync(home, { recursive: true }));

const environment = (): Record<string, string> => ({
  XDG_CONFIG_HOME: home,
  SALLYPORT_CONFIG: join(gateway.folder, 'sallyport.yaml'),
});
const saved = (): string => join(home, 'sallyport', 'sign-ins.json');

interface Entry {
  access_token: string;
  refresh_token: string;
  expires_at: string;
}
const read = (): { sign_ins: Record<string, Entry> } =>
  JSON.parse(readFileSync(saved(), 'utf8')) as { sign_ins: Record<string, Entry> };
function entry(): Entry {
  const found = read().sign_ins[gateway.adminUrl];
  if (found === undefined) throw new Error('not signed in');
  return found;
}
const expire = (found: Entry): void =>
  writeFileSync(
    saved(),
    JSON.stringify({ sign_ins: { [gateway.adminUrl]: { ...found, expires_at: '2020-01-01T00:00:00Z' } } }),
  );

const command = (...args: readonly string[]): Promise<Ran> => run(args, { environment: environment() });

/** Runs `login`; the person answers after the issuer was asked once in vain. */
async function login(
  answer: (shown: string) => Promise<unknown>,
  args: readonly string[] = [],
): Promise<Ran & { pauses: readonly number[] }> {
  const ran: Ran = { code: 0, out: '', err: '' };
  const pauses: number[] = [];
  const io = {
    stdout: (text: string) => void (ran.out += text),
    stderr: (text: string) => void (ran.err += text),
    exit: (code: number) => void (ran.code = code),
  };
  const pause = async (ms: number): Promise<void> => {
    pauses.push(ms);
    if (pauses.length === 2) await answer(ran.out);
  };
  await runProgram(programOf(io, { environment: environment(), pause }), ['login', ...args], io);
  return { ...ran, pauses };
}

/** The page that asks whether the code is that of the person's own terminal. */
async function confirmation(browser: Browser, shown: string): Promise<Page> {
  const url = /^Open +(\S+)$/m.exec(shown)?.[1] ?? '';
  const code = /^and enter (\S+)$/m.exec(shown)?.[1] ?? '';
  expect(url).toBe(`${gateway.issuer}/device`);
  return browser.submit(await browser.open(url), { user_code: code });
}

async function confirm(shown: string): Promise<void> {
  const browser = new Browser();
  const form = await browser.submit(await confirmation(browser, shown), { confirm: 'yes' });
  const done = await browser.submit(form, { user: ALICE.subject, password: ALICE.password, answer: 'allow' });
  expect(done.text).toContain('go back to your terminal');
}

describe('a sign-in', () => {
  it('A14 is confirmed on the page of the issuer, saved for its owner only, and used by the commands', async () => {
    expect(await command('approvals', 'list')).toMatchObject({
      code: 1,
      err: expect.stringContaining('sallyport login') as string,
    });
    const ran = await login(confirm);
    expect(ran).toMatchObject({ code: 0, err: '', pauses: [5_000, 5_000] });
    expect(ran.out).toContain(`Signed in at ${gateway.adminUrl} as alice.`);
    expect([statSync(saved()).mode & 0o777, statSync(join(home, 'sallyport')).mode & 0o777]).toEqual([0o600, 0o700]);
    expect(ran.out).not.toContain(entry().access_token);
    expect(await command('approvals', 'list')).toEqual({ code: 0, out: 'No call waits for approval.\n', err: '' });
    const there = ['--admin-url', gateway.adminUrl];
    for (const args of [
      ['keys', 'list'],
      ['pins', 'list'],
      ['audit', 'search', '--limit', '1'],
    ])
      expect(await command(...args, ...there), args.join(' ')).toMatchObject({ code: 0 });
    const elsewhere = await command('approvals', 'list', '--admin-url', 'http://127.0.0.1:1');
    expect(elsewhere.err).toContain('not signed in at http://127.0.0.1:1');
  });

  it('is renewed when it is about to expire, for two commands at once too; an ended one is forgotten', async () => {
    await login(confirm);
    const before = entry();
    expire(before);
    const both = await Promise.all([command('approvals', 'list'), command('approvals', 'list')]);
    expect(both.map(({ code, err }) => [code, err])).toEqual([
      [0, ''],
      [0, ''],
    ]);
    const after = entry();
    expect(after.access_token).not.toBe(before.access_token);
    expect(after.refresh_token).not.toBe(before.refresh_token);
    expect(Date.parse(after.expires_at)).toBeGreaterThan(Date.now());
    expect(statSync(saved()).mode & 0o777).toBe(0o600);
    const out = await command('logout', '--json');
    expect(JSON.parse(out.out)).toEqual({ admin_url: gateway.adminUrl, revoked: true });
    expect(read()).toEqual({ sign_ins: {} });
    expect((await command('logout')).err).toContain('not signed in');
    // A copy of the file is worth nothing any more.
    expire(after);
    expect((await command('approvals', 'list')).err).toContain('has ended; sign in again: sallyport login');
    expect(read()).toEqual({ sign_ins: {} });
  });

  it('that the person refuses is not saved', async () => {
    const ran = await login(async (shown) => {
      const browser = new Browser();
      await browser.submit(await confirmation(browser, shown), { abort: 'yes' });
    });
    expect(ran).toMatchObject({ code: 1, err: 'The sign-in was refused on the page of the issuer.\n' });
    expect(() => read()).toThrow('ENOENT');
  });

  it('is sent over https only, or to this computer', async () => {
    expect(await login(confirm, ['--admin-url', 'http://sallyport.example.com'])).toMatchObject({
      code: 1,
      pauses: [],
    });
  });
});

describe('an issuer', () => {
  let server: Server;
  let issuer: string;
  let answers: (object | 'breaks' | 'broken')[];
  let asked = 0;
  beforeAll(async () => {
    server = createServer((request, response) => {
      const send = (status: number, document: object): void =>
        void response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(document));
      if (request.url === '/.well-known/openid-configuration')
        return send(200, {
          issuer,
          device_authorization_endpoint: `${issuer}/code`,
          token_endpoint: `${issuer}/token`,
        });
      if (request.url === '/code')
        return send(200, {
          device_code: 'd',
          user_code: 'AB\u202eCD',
          verification_uri: `${issuer}/page`,
          expires_in: 100,
          interval: 2,
        });
      asked += 1;
      const next = answers.shift() ?? { error: 'authorization_pending' };
      if (next === 'breaks') return void request.socket.destroy();
      if (next === 'broken') return void response.writeHead(502).end();
      return send('error' in next ? 400 : 200, next);
    }).listen(0, '127.0.0.1');
    await new Promise((resolve) => server.once('listening', resolve));
    issuer = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  });
  afterAll(() => void server.close());
  const signIn = async () => login(async () => undefined, ['--issuer', issuer]);

  it('that asks for patience or does not answer is asked less often; its words are shown as text', async () => {
    answers = [{ error: 'slow_down' }, 'breaks', 'broken', { error: 'expired_token' }];
    const ran = await signIn();
    expect(ran).toMatchObject({ code: 1, pauses: [2_000, 7_000, 14_000, 28_000] });
    expect(ran.err.split('\n')).toEqual([
      'The issuer asks for patience: it is asked every 7 s from now on.',
      'The issuer does not answer; it is asked again in 14 s.',
      'The issuer does not answer; it is asked again in 28 s.',
      'The code has expired before anybody confirmed it. Try again: sallyport login',
      '',
    ]);
    expect(ran.out).not.toContain('\u202e');
    answers = [{ error: 'server\u001b_error', error_description: 'no\u202e' }];
    expect((await signIn()).err).not.toMatch(/[\u202e\u001b]/);
  });

  it('is not asked for longer than the code is good', async () => {
    answers = [];
    const ran = await signIn();
    expect(ran.err).toContain('has expired');
    expect(ran.pauses.length).toBe(51);
  });

  it('is asked once for new tokens, however many commands find the old ones expired', async () => {
    answers = [{ access_token: 'new', token_type: 'bearer', refresh_token: 'r2', expires_in: 600 }];
    asked = 0;
    mkdirSync(join(home, 'sallyport'));
    const old = {
      issuer,
      client_id: 'c',
      access_token: 'old',
      refresh_token: 'r1',
      expires_at: '2020-01-01T00:00:00Z',
    };
    writeFileSync(saved(), JSON.stringify({ sign_ins: { [gateway.adminUrl]: old } }));
    await Promise.all([command('approvals', 'list'), command('approvals', 'list')]);
    expect([asked, entry().access_token, entry().refresh_token]).toEqual([1, 'new', 'r2']);
  });

  it('whose token the gateway does not accept is named, and nothing is saved', async () => {
    answers = [{ access_token: 'x', token_type: 'bearer' }];
    expect(await signIn()).toMatchObject({
      code: 1,
      err: expect.stringContaining('control.clients must name sallyport-cli') as string,
    });
    expect(() => read()).toThrow('ENOENT');
  });
});
