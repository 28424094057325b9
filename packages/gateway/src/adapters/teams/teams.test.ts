/** U9, U12, U15: what Teams shows, and who may decide there. The Bot Framework is a strict fake (`test/fixtures/`). */
import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { FiledApproval, Principal } from '@sallyport/guard';
import { openBotFramework, type Card, type TestBotFramework } from '../../../../../test/fixtures/bot-framework.ts';
import type { Channel, ChannelStore } from '../../channels/channel.ts';
import type { Said } from '../../channels/decide.ts';
import { filedApproval, noticeOf, sending } from '../../channels/testing/notices.mts';
import type { TeamsSettings } from '../../snapshot.ts';
import { APPROVE, DENY } from './card.ts';
import { createTeamsChannel } from './channel.ts';
import { createConnector } from './connector.ts';
import { createTeamsReceiver, TEAMS_PATH } from './receive.ts';

const BOT = {
  appId: '11111111-1111-1111-1111-111111111111',
  appSecret: 'a secret of the bot',
  tenantId: '22222222-2222-2222-2222-222222222222',
  conversation: '19:finance@thread.tacv2',
};

let framework: TestBotFramework;
let settings: TeamsSettings;
let channel: Channel;
let server: Server;
let approval: FiledApproval;
let said: Said[];
let addresses: Map<string, string>;

beforeEach(async () => {
  framework = await openBotFramework(BOT);
  const { url } = framework;
  settings = { ...BOT, serviceUrl: url, tenants: ['acme'], login: url, metadata: `${url}/metadata` };
  channel = createTeamsChannel(createConnector(settings), settings);
  approval = filedApproval();
  said = [];
  addresses = new Map();
  const store = { addressOf: async (_channel: string, id: string) => addresses.get(id) } as Partial<ChannelStore>;
  const receive = createTeamsReceiver([{ settings, channel }], {
    store: store as ChannelStore,
    decisions: {
      personOf: async (_tenant, who) =>
        'objectId' in who && who.objectId === 'carol-object'
          ? ({ user: { subject: 'carol' } } as Principal)
          : undefined,
      async show(tenant, id) {
        if (tenant !== approval.tenant || id !== approval.id) throw new Error('not found');
        return approval;
      },
      noticeOf,
      async decide(_tenant, _by, what) {
        said.push(what);
        return approval;
      },
    },
  });
  server = createServer((request, response) => {
    if (!receive(request, response)) response.writeHead(404).end();
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
});
afterEach(async () => {
  server.closeAllConnections();
  server.close();
  await framework.close();
});

const signal = new AbortController().signal;
async function post(notice = noticeOf(approval)): Promise<Card> {
  const address = (await channel.send(notice, addresses.get(approval.id), signal)) ?? '';
  addresses.set(approval.id, address);
  return framework.cards.get(address) as Card;
}
const verbs = ({ actions }: Card): (string | undefined)[] => actions.map(({ verb, type }) => verb ?? type);

describe('what Teams shows', () => {
  it('a request as a card, which is changed when it was decided, and written again as a reminder', async () => {
    expect(verbs(await post())).toEqual([APPROVE, DENY, 'Action.OpenUrl']);
    expect(verbs(await post(noticeOf({ ...approval, status: 'denied' }, 'decided')))).toEqual(['Action.OpenUrl']);
    expect(framework.cards.size).toBe(1);
    await post(noticeOf(approval, 'reminder'));
    expect(framework.cards.size).toBe(2);
  });

  it('U15 no text of others is read as markup: it stands in text runs only', async () => {
    const hostile = '**bold** [Approve](https://evil.example) <at>everyone</at> {{DATE(2026)}}';
    approval = filedApproval({ arguments: { hostile }, requester: { issuer: 'i', subject: hostile, name: hostile } });
    const card = await post();
    const elsewhere = card.body.filter(({ type }) => type !== 'RichTextBlock');
    expect(JSON.stringify([elsewhere, card.actions])).not.toMatch(/evil|everyone|bold/);
    expect(JSON.stringify(card.body)).toContain('evil.example');
  });

  it('U9 what is cut cannot be approved, and a card of any alphabet is taken', async () => {
    for (const [character, length, mayApprove] of [
      ['x', 5_000, true],
      ['x', 100_000, false],
      ['語', 5_000, true],
      ['語', 100_000, false],
    ] as const) {
      await channel.send(sending({ text: character.repeat(length) }), undefined, signal);
      const card = [...framework.cards.values()].at(-1) as Card;
      expect(verbs(card).includes(APPROVE)).toBe(mayApprove);
    }
  });

  it('an error of Teams is thrown, so that it is tried again; a message that is gone is not', async () => {
    framework.failure = 503;
    await expect(post()).rejects.toThrow('status 503');
    framework.failure = undefined;
    addresses.set(approval.id, 'message-9');
    await channel.send(noticeOf({ ...approval, status: 'denied' }, 'decided'), 'message-9', signal);
  });
});

/** What Teams sends when somebody presses a button of the card. */
const press = (verb: string, more: Record<string, unknown> = {}, data: Record<string, unknown> = {}) => ({
  type: 'invoke',
  name: 'adaptiveCard/action',
  channelId: 'msteams',
  serviceUrl: framework.url,
  replyToId: addresses.get(approval.id),
  conversation: { id: `${BOT.conversation};messageid=1` },
  from: { aadObjectId: 'carol-object' },
  channelData: { tenant: { id: BOT.tenantId } },
  value: { action: { verb, data: { id: approval.id, tenant: 'acme', ...data } } },
  ...more,
});

async function send(activity: unknown, token?: string, method = 'POST') {
  const response = await fetch(`http://127.0.0.1:${(server.address() as AddressInfo).port}${TEAMS_PATH}`, {
    method,
    headers: { 'content-type': 'application/json', ...(token !== undefined && { authorization: `Bearer ${token}` }) },
    ...(method === 'POST' && { body: JSON.stringify(activity) }),
  });
  const text = await response.text();
  return { status: response.status, answer: text === '' ? '' : String((JSON.parse(text) as { value: string }).value) };
}

describe('U12 who may decide in Teams', () => {
  it('a person whose object id is known approves, and denies with a reason', async () => {
    await post();
    expect(await send(press(APPROVE), await framework.token())).toEqual({ status: 200, answer: 'Recorded.' });
    await send(press(DENY, {}, { reason: ' wrong account ' }), await framework.token());
    expect(said).toMatchObject([{ verdict: 'approve' }, { verdict: 'deny', reason: 'wrong account' }]);
  });

  it.each<[string, () => Promise<string | undefined>]>([
    ['no token', async () => undefined],
    ['a key that nobody published', () => framework.forged()],
    ['another bot', () => framework.token({ aud: '33333333-3333-3333-3333-333333333333' })],
    ['another issuer', () => framework.token({ iss: 'https://sts.windows.net/' })],
    ['no service', () => framework.token({ serviceurl: undefined })],
    ['a token of long ago', () => framework.token({}, '-10m')],
    ['a token that is none', async () => 'eyJhbGciOiJub25lIn0.e30.'],
  ])('%s: 401', async (_what, token) => {
    await post();
    const given = await token();
    expect((await send(press(APPROVE), given)).status).toBe(401);
    expect(said).toEqual([]);
  });

  it.each<[number, string, () => unknown]>([
    [403, 'another service than the token is of', () => press(APPROVE, { serviceUrl: 'https://evil.example/' })],
    [403, 'another Entra tenant', () => press(APPROVE, { channelData: { tenant: { id: BOT.appId } } })],
    [403, 'another conversation', () => press(APPROVE, { conversation: { id: '19:other@thread.tacv2' } })],
    [200, 'another message', () => press(APPROVE, { replyToId: 'message-9' })],
    [200, 'a request of another tenant', () => press(APPROVE, {}, { tenant: 'globex' })],
    [200, 'another request', () => press(APPROVE, {}, { id: 'f'.repeat(32) })],
    [200, 'somebody who never signed in', () => press(APPROVE, { from: { aadObjectId: 'mallory' } })],
    [200, 'another channel of the bot', () => press(APPROVE, { channelId: 'directline' })],
    [200, 'an unknown verb', () => press('other')],
    [200, 'nothing', () => ({})],
  ])('%i and nothing decided for %s', async (status, _what, activity) => {
    await post();
    expect((await send(activity(), await framework.token())).status).toBe(status);
    expect(said).toEqual([]);
  });

  it('U10 by GET, or in more than 128 KiB, nothing happens', async () => {
    expect((await send(undefined, await framework.token(), 'GET')).status).toBe(405);
    expect((await send({ pad: 'x'.repeat(200_000) }, await framework.token())).status).toBe(413);
  });
});
