/** U5 U17: what a passkey proves, over the endpoints, with an authenticator of which the test chooses every byte. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { createApprovals, type Approvals, type FiledApproval } from '@sallyport/guard';
import { createManualClock, createMemoryApprovalStore, createMemoryAuditLog } from '@sallyport/guard/memory';
import { openDatabase, type Database } from '../../adapters/kysely/database.ts';
import { openSqlite } from '../../adapters/sqlite/product.ts';
import { createPasskeyVerifier } from '../../adapters/webauthn/verifier.ts';
import type { ApiCaller } from '../api/access.ts';
import type { ApiRoute } from '../api/route.ts';
import { approveApproval, denyApproval } from '../approvals/decide.ts';
import { approvalPasskey } from '../approvals/passkey-options.ts';
import { createAuthenticator, type Answer, type Over, type Options } from '../testing/authenticator.mts';
import { as, callerOf, openApi, type Answer as ApiAnswer, type OpenApiServer } from '../testing/open-api.mts';
import { listPasskeys } from './list.ts';
import { createPasskeys } from './passkeys.ts';
import { passkeyOptions, registerPasskey } from './register.ts';
import { removePasskey } from './remove.ts';

const PAGE = { origin: 'https://gate.example.com', id: 'gate.example.com' };
const DIGEST = 'd'.repeat(64);
const clock = createManualClock();
const audit = createMemoryAuditLog();
const callers: Record<string, ApiCaller> = {};
let publicUrl: string;
let folder: string;
let database: Database;
let approvals: Approvals;
let server: OpenApiServer;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'sallyport-passkeys-'));
  database = await openDatabase(openSqlite(join(folder, 'sallyport.db')));
});
afterAll(async () => {
  await database.close();
  rmSync(folder, { recursive: true });
});
beforeEach(async () => {
  publicUrl = PAGE.origin;
  signIn('carol');
  signIn('dave');
  signIn('carol', 'globex', 'carol-globex');
  callers['key'] = callerOf('carol', ['approver']);
  approvals = createApprovals(createMemoryApprovalStore(), clock);
  const passkeys = createPasskeys({
    store: database.passkeys,
    verifier: createPasskeyVerifier(),
    publicUrl: () => publicUrl,
    clock,
  });
  const deps = { approvals, audit, clock, passkeys, toolOf: () => undefined };
  const routes = [listPasskeys, passkeyOptions, registerPasskey, removePasskey, approvalPasskey, approveApproval];
  server = await openApi([...routes, denyApproval] as ApiRoute<typeof deps>[], deps, callers);
});
afterEach(async () => {
  await server.close();
  for (const subject of ['carol', 'dave'])
    for (const { id } of await database.passkeys.list({ issuer: 'https://i', subject }))
      await database.passkeys.remove({ issuer: 'https://i', subject }, id);
});

/** Somebody who signed in now, in a browser of their own. */
function signIn(subject: string, tenant = 'acme', token = subject): void {
  const session = {
    idHash: `${token} ${crypto.randomUUID()}`,
    csrfToken: '',
    authTimeMs: clock.now(),
    acr: undefined,
    expiresAtMs: clock.now() + 1e9,
    tenants: [tenant],
  };
  callers[token] = { ...callerOf(subject, ['approver'], tenant), session };
}

const post = (path: string, token: string, body: object = {}): Promise<ApiAnswer> =>
  server.send('POST', `/api/v1${path}`, JSON.stringify(body), as(token));

async function file(tenant = 'acme', passkey: { passkey?: true } = { passkey: true }): Promise<FiledApproval> {
  const state = await approvals.consume({
    tenant,
    digest: crypto.randomUUID().replaceAll('-', '').padEnd(64, DIGEST),
    requester: { issuer: 'https://i', subject: 'alice' },
    agent: { clientId: 'agent', actors: [] },
    server: 'bank',
    tool: 'refund',
    definitionDigest: 'x',
    arguments: { amount: 4_000 },
    revision: '1',
    demand: {
      approvers: ['carol', 'dave'].map((name) => ({ kind: 'user', name })),
      required: 1,
      distinct: false,
      source: 'test',
      ...passkey,
    },
    ttlMs: 600_000,
  });
  if (state.state !== 'pending') throw new Error(state.state);
  return approvals.show(tenant, state.id);
}

async function registered(token = 'carol', over: Over = {}) {
  const authenticator = createAuthenticator(PAGE);
  const options = await post('/passkeys/options', token);
  const answer = authenticator.create(options.document as unknown as Options, over);
  return { authenticator, made: await post('/passkeys', token, { name: 'Laptop', answer }) };
}

const challenge = async ({ id }: FiledApproval, token = 'carol'): Promise<Options> =>
  (await post(`/approvals/${id}/passkey`, token)).document as unknown as Options;

const approve = ({ id }: FiledApproval, passkey?: Answer, token = 'carol') =>
  post(`/approvals/${id}/approve`, token, passkey === undefined ? {} : { passkey });

const statusOf = async ({ tenant, id }: FiledApproval): Promise<string> => (await approvals.show(tenant, id)).status;

describe('a passkey', () => {
  it('is registered, signs a yes to one request, is on record, and is removed by its person', async () => {
    const { authenticator, made } = await registered();
    expect([made.status, made.document]).toMatchObject([201, { id: authenticator.id, name: 'Laptop' }]);
    const filed = await file();
    const answer = authenticator.get(await challenge(filed));
    expect((await approve(filed, answer)).document).toMatchObject({ status: 'approved' });
    expect((await approvals.show('acme', filed.id)).decisions[0]?.passkey).toBe(authenticator.id);
    const recorded = JSON.stringify(audit.records('acme'));
    for (const word of ['passkey.register', 'approval.decide', authenticator.id]) expect(recorded).toContain(word);
    expect((await server.send('DELETE', `/api/v1/passkeys/${authenticator.id}`, undefined, as('dave'))).status).toBe(
      404,
    );
    expect((await server.send('DELETE', `/api/v1/passkeys/${authenticator.id}`, undefined, as('carol'))).status).toBe(
      200,
    );
    expect((await server.send('GET', '/api/v1/passkeys', undefined, as('carol'))).document).toEqual({ items: [] });
  });

  it('is not needed for a no', async () => {
    const filed = await file();
    expect((await post(`/approvals/${filed.id}/deny`, 'carol')).document).toMatchObject({ status: 'denied' });
  });

  it('is asked for of a person who has none, with the page where it is registered', async () => {
    const filed = await file();
    const { status, document } = await post(`/approvals/${filed.id}/passkey`, 'carol');
    expect([status, document['detail']]).toEqual([409, `Register a passkey first, at ${PAGE.origin}/passkeys .`]);
  });

  it.each(['http://127.0.0.1:8701', 'https://127.0.0.1', 'https://[::1]:8701', 'http://gate.example.com'])(
    'cannot be used at %s, and the error says what to set',
    async (url) => {
      publicUrl = url;
      const { status, document } = await post('/passkeys/options', 'carol');
      expect([status, document['detail']]).toEqual([409, expect.stringContaining('set admin.publicUrl')]);
    },
  );

  it('is one of ten at most, and is registered once', async () => {
    const options = async (): Promise<Options> => (await post('/passkeys/options', 'carol')).document as never;
    const authenticator = createAuthenticator(PAGE);
    const once = async () => post('/passkeys', 'carol', { name: 'x', answer: authenticator.create(await options()) });
    expect([(await once()).status, (await once()).status]).toEqual([201, 409]);
    for (let made = 1; made < 10; made++) expect((await registered()).made.status).toBe(201);
    expect((await registered()).made.document['detail']).toContain('at most 10');
  });
});

describe('U5 U17 what proves nothing', () => {
  const cases: readonly (readonly [string, Over])[] = [
    ['of another origin', { origin: 'https://evil.example' }],
    ['for another host name', { rpId: 'evil.example' }],
    ['without the user verified', { userVerified: false }],
  ];

  it.each(cases)('a registration %s', async (_name, over) => {
    const { made } = await registered('carol', over);
    expect(made.status).toBe(400);
    expect(await database.passkeys.list(callerOf('carol', []).principal.user)).toEqual([]);
  });

  it.each([
    ...cases,
    ['whose counter went back', { counter: 1 }],
    ['with a challenge that was made up', { challenge: 'x' }],
  ] as const)('an answer %s', async (_name, over) => {
    const { authenticator } = await registered();
    const filed = await file();
    const { status, document } = await approve(filed, authenticator.get(await challenge(filed), over));
    expect([status, document['code'], await statusOf(filed)]).toEqual([403, 'STEP_UP_REQUIRED', 'pending']);
  });

  it('an answer that was used, for the same request or another one', async () => {
    const { authenticator } = await registered();
    const [filed, other] = [await file(), await file()];
    const answer = authenticator.get(await challenge(filed));
    expect((await approve(other, answer)).status).toBe(403);
    expect((await approve(filed, answer)).status).toBe(403);
    const good = authenticator.get(await challenge(filed));
    expect((await approve(filed, good)).status).toBe(200);
    expect((await approve(other, good)).status).toBe(403);
    expect(await statusOf(other)).toBe('pending');
  });

  it('the passkey of another person, also with a challenge of their own', async () => {
    const { authenticator } = await registered('dave');
    await registered('carol');
    const filed = await file();
    const answer = authenticator.get(await challenge(filed, 'dave'));
    expect((await approve(filed, answer, 'carol')).status).toBe(403);
    expect((await approve(filed, authenticator.get(await challenge(filed)), 'carol')).status).toBe(403);
    expect(await statusOf(filed)).toBe('pending');
  });

  it('an answer to a challenge of another session, or of another tenant', async () => {
    const { authenticator } = await registered();
    const filed = await file();
    const answer = authenticator.get(await challenge(filed));
    signIn('carol');
    expect((await approve(filed, answer)).status).toBe(403);
    const foreign = await file('globex');
    expect((await approve(filed, authenticator.get(await challenge(foreign, 'carol-globex')))).status).toBe(403);
    expect((await post(`/approvals/${filed.id}/passkey`, 'carol-globex')).status).toBe(404);
    expect(await statusOf(filed)).toBe('pending');
  });

  it('an answer that comes after three minutes', async () => {
    const { authenticator } = await registered();
    const filed = await file();
    const answer = authenticator.get(await challenge(filed));
    clock.advance(180_000);
    expect((await approve(filed, answer)).status).toBe(403);
  });

  it('no answer, and an API key: both are told where it is approved', async () => {
    await registered();
    const filed = await file();
    for (const token of ['carol', 'key']) {
      const { status, document } = await approve(filed, undefined, token);
      expect([status, document['detail']]).toEqual([403, expect.stringContaining(`/approvals/${filed.id}`)]);
    }
    expect((await post(`/approvals/${filed.id}/passkey`, 'key')).status).toBe(403);
    expect((await post('/passkeys/options', 'key')).status).toBe(403);
    expect(await statusOf(filed)).toBe('pending');
  });

  it('a sign-in of more than five minutes ago, for a new passkey', async () => {
    clock.advance(300_001);
    expect((await post('/passkeys/options', 'carol')).document['code']).toBe('STEP_UP_REQUIRED');
    signIn('carol');
    const options = await post('/passkeys/options', 'carol');
    clock.advance(300_001);
    const answer = createAuthenticator(PAGE).create(options.document as unknown as Options);
    expect((await post('/passkeys', 'carol', { name: 'x', answer })).document['code']).toBe('STEP_UP_REQUIRED');
  });
});
