/**
 * People are told of a request in Slack, by a signed webhook and by mail, and decide where they are told (U10, U11,
 * U14, H3). Slack is a strict fake, the others are real servers.
 */
import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Webhook } from 'standardwebhooks';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { openDatabase } from '../../packages/gateway/src/adapters/kysely/database.ts';
import { openSqlite } from '../../packages/gateway/src/adapters/sqlite/product.ts';
import { connect } from '../attacks/mcp-client.ts';
import { openUpstream, textResult, tool, type Upstream } from '../attacks/upstream.ts';
import { openMailSink, type MailSink } from '../fixtures/mail-sink.ts';
import { openSlack, signedBySlack, type TestSlack } from '../fixtures/slack.ts';
import { openGateway, type TestGateway } from './gateway.ts';

const TOKEN = 'xoxb-4711-0815-abcdefgh';
const SIGNING_SECRET = '8f742231b10e8888abcd99yyyzzz85a5';
const WEBHOOK_SECRET = `whsec_${Buffer.from('0123456789abcdefghijklmnopqrstuv').toString('base64')}`;
const webhook = new Webhook(WEBHOOK_SECRET);

interface Told {
  readonly type: string;
  readonly data: { readonly id: string; readonly version: number; readonly arguments: { readonly amount: number } };
}

let folder: string;
let upstream: Upstream;
let slack: TestSlack;
let mail: MailSink;
let receiver: Server;
let gateway: TestGateway;
const told: Told[] = [];
const refused: string[] = [];
/** The receiver is down while this is above 0. */
let failures = 0;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'sallyport-channels-'));
  const secret = (name: string, value: string): string => {
    writeFileSync(join(folder, name), value, { mode: 0o600 });
    return `file:${join(folder, name)}`;
  };
  upstream = await openUpstream({
    tools: [tool('refund', { amount: { type: 'number' } })],
    respond: ({ method }) => (method === 'tools/call' ? textResult('refunded') : undefined),
  });
  slack = await openSlack(TOKEN);
  for (const name of ['carol', 'alice'])
    slack.add({
      id: `U${name.toUpperCase()}`,
      team_id: 'T0ACME',
      is_email_confirmed: true,
      profile: { email: `${name}@acme.example` },
    });
  mail = await openMailSink();
  receiver = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      if (failures-- > 0) return response.writeHead(503).end();
      const body = Buffer.concat(chunks).toString();
      try {
        told.push(webhook.verify(body, request.headers as Record<string, string>) as Told);
      } catch (thrown) {
        refused.push(String(thrown));
      }
      return response.writeHead(204).end();
    });
  });
  await once(receiver.listen(0, '127.0.0.1'), 'listening');
  gateway = await openGateway({
    servers: { bank: { url: upstream.url } },
    settings: {
      approvals: {
        rules: [{ server: 'bank', tool: 'refund', approvers: ['group:finance'] }],
        channels: {
          slack: [
            {
              channel: 'C0FINANCE',
              team: 'T0ACME',
              token: secret('slack-token', TOKEN),
              signingSecret: secret('slack-signing', SIGNING_SECRET),
              api: slack.api,
              tenants: ['acme'],
            },
          ],
          webhooks: [
            {
              name: 'tickets',
              url: `http://127.0.0.1:${(receiver.address() as AddressInfo).port}/in`,
              secret: secret('webhook', WEBHOOK_SECRET),
              decisions: true,
            },
          ],
          email: [
            {
              host: '127.0.0.1',
              port: mail.port,
              security: 'none',
              from: 'gate@acme.example',
              to: ['cfo@acme.example'],
            },
          ],
        },
      },
    },
  });
  const config = JSON.parse(readFileSync(gateway.config, 'utf8')) as object;
  const signIn = [{ issuer: gateway.issuer.issuer, clientId: 'dashboard' }];
  writeFileSync(gateway.config, JSON.stringify({ ...config, control: { signIn } }));
  await gateway.reload();
  // As if they had signed in on the page (`test/sign-in/`).
  const database = await openDatabase(openSqlite(join(gateway.folder, 'data', 'sallyport.db')));
  for (const name of ['carol', 'alice'])
    await database.people.remember({
      tenant: 'acme',
      issuer: gateway.issuer.issuer,
      clientId: 'dashboard',
      subject: name,
      claims: {
        sub: name,
        email: `${name}@acme.example`,
        email_verified: true,
        tenant_id: 'acme',
        groups: ['finance'],
      },
      atMs: Date.now(),
    });
  await database.close();
}, 60_000);
afterAll(async () => {
  await gateway?.close();
  receiver?.closeAllConnections();
  receiver?.close();
  await Promise.all([upstream?.close(), slack?.close(), mail?.close()]);
  rmSync(folder, { recursive: true, force: true });
});

async function refund(amount: number) {
  const client = await connect(`${gateway.url}/mcp/bank`, await gateway.token('alice'), 'modern');
  const { result } = await client.call({ id: 1, name: 'refund', arguments: { amount } }).done;
  return result as { isError?: boolean; structuredContent?: Record<string, unknown> };
}

/** Waits for what the gateway does by itself. */
async function until<T>(find: () => T | undefined): Promise<T> {
  for (;;) {
    const found = find();
    if (found !== undefined) return found;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

const filed = (amount: number): Promise<Told['data']> =>
  until(() => told.find(({ type, data }) => type === 'approval.filed' && data.arguments.amount === amount)?.data);
const messageOf = (amount: number) =>
  until(() => slack.messages.find(({ blocks }) => JSON.stringify(blocks).includes(`\\"amount\\": ${amount}`)));

async function press(user: string, id: string, message: { readonly channel: string; readonly ts: string }) {
  const seconds = Math.floor(Date.now() / 1_000);
  const { body, headers } = signedBySlack(
    {
      type: 'block_actions',
      trigger_id: '1.2',
      team: { id: 'T0ACME' },
      user: { id: user },
      container: { channel_id: message.channel, message_ts: message.ts },
      actions: [{ action_id: 'sallyport_approve', value: JSON.stringify({ id, tenant: 'acme' }) }],
    },
    SIGNING_SECRET,
    seconds,
  );
  return (await fetch(`${gateway.adminUrl}/channels/slack`, { method: 'POST', body, headers })).status;
}

async function decide(body: Record<string, unknown>, secret = WEBHOOK_SECRET) {
  const text = JSON.stringify({ tenant: 'acme', ...body });
  const [id, now] = [`msg_${Math.random()}`, new Date()];
  const headers = {
    'content-type': 'application/json',
    'webhook-id': id,
    'webhook-timestamp': String(Math.floor(now.getTime() / 1_000)),
    'webhook-signature': new Webhook(secret).sign(id, now, text),
  };
  const send = async (): Promise<{ status: number; error: string }> => {
    const response = await fetch(`${gateway.adminUrl}/channels/webhooks/tickets`, {
      method: 'POST',
      body: text,
      headers,
    });
    return { status: response.status, error: String(((await response.json()) as { error?: string }).error) };
  };
  return { ...(await send()), again: send };
}

it('a refund is asked for in Slack, by webhook and by mail, and approved in Slack', { timeout: 60_000 }, async () => {
  failures = 1;
  expect((await refund(4_000)).structuredContent).toMatchObject({ error_code: 'APPROVAL_REQUIRED' });
  const message = await messageOf(4_000);
  const { id } = await filed(4_000);
  const written = (await until(() => mail.mails[0])).replaceAll('=\r\n', '');
  expect(written).toContain(`/approvals/${id}`);
  expect(written).toContain('cfo@acme.example');
  // U5: who asked has the rights to approve, and may not.
  expect(await press('UALICE', id, message)).toBe(200);
  await until(() => slack.ephemeral[0]);
  expect(await press('UCAROL', id, message)).toBe(200);
  await until(() => (message.blocks.some(({ text }) => text?.text.startsWith('Approved')) ? true : undefined));
  await until(() => told.find(({ type, data }) => type === 'approval.decided' && data.id === id));
  expect((await refund(4_000)).isError).toBeFalsy();
  expect((await refund(4_000)).isError).toBe(true);
  expect(refused).toEqual([]);
});

it('a signed decision comes back, once', { timeout: 60_000 }, async () => {
  await refund(50);
  const { id, version } = await filed(50);
  const by = { email: 'carol@acme.example' };
  const no = { id, version, verdict: 'deny', reason: 'wrong account', by };
  const another = `whsec_${Buffer.from('another secret that is long enough').toString('base64')}`;
  expect((await decide(no, another)).status).toBe(401);
  expect((await decide({ ...no, by: { email: 'mallory@acme.example' } })).status).toBe(409);
  expect((await decide({ ...no, tenant: 'globex' })).status).toBe(409);
  expect((await decide({ ...no, version: version + 1 })).status).toBe(409);
  expect((await decide({ ...no, verdict: 'approve', by: { email: 'alice@acme.example' } })).status).toBe(409);
  expect((await decide({ ...no, more: true })).status).toBe(400);
  const decided = await decide(no);
  expect(decided.status).toBe(200);
  expect((await decided.again()).status).toBe(409);
  expect((await refund(50)).structuredContent).toMatchObject({ error_code: 'APPROVAL_REFUSED' });
});

it('U10 H3 nothing is decided by GET, without a signature, or at a path beside', async () => {
  for (const path of ['/channels/slack', '/channels/webhooks/tickets']) {
    const wrongMethod = await fetch(gateway.adminUrl + path);
    expect(wrongMethod.status).toBe(405);
    expect(wrongMethod.headers.get('x-content-type-options')).toBe('nosniff');
    expect((await fetch(gateway.adminUrl + path, { method: 'POST', body: '{}' })).status).toBe(401);
  }
  expect((await fetch(`${gateway.adminUrl}/channels/webhooks/other`, { method: 'POST', body: '{}' })).status).toBe(404);
});

it('B3 an address that sends to channels without end is refused before a signature is looked at', async () => {
  const limited = await openGateway({ servers: {}, settings: { gateway: { addressLimit: '5/min' } } });
  try {
    const statuses: number[] = [];
    for (let sent = 0; sent < 8; sent += 1)
      statuses.push((await fetch(`${limited.adminUrl}/channels/slack`, { method: 'POST', body: '{}' })).status);
    expect(statuses.slice(0, 3)).toEqual([404, 404, 404]);
    expect(statuses.at(-1)).toBe(429);
  } finally {
    await limited.close();
  }
});
