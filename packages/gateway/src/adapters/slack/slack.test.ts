/** U9, U11, U15: what Slack shows, and who may decide there. Slack is a strict fake (`test/fixtures/slack.ts`). */
import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { WebClient } from '@slack/web-api';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { FiledApproval, Principal } from '@sallyport/guard';
import { openSlack, signedBySlack, type SlackUser, type TestSlack } from '../../../../../test/fixtures/slack.ts';
import type { Channel, ChannelStore } from '../../channels/channel.ts';
import type { Said } from '../../channels/decide.ts';
import { comparedEmail } from '../../channels/people.ts';
import { filedApproval, noticeOf, sending } from '../../channels/testing/notices.mts';
import { createSlackChannel } from './channel.ts';
import { handleInteraction } from './interaction.ts';
import { APPROVE, DENY, REASON } from './message.ts';
import { createSlackReceiver, SLACK_PATH } from './receive.ts';

const TOKEN = 'xoxb-1234567890';
const SIGNING_SECRET = '8f742231b10e8888abcd99yyyzzz85a5';
const NOW_S = 1_531_420_618;
const CAROL: SlackUser = {
  id: 'UCAROL',
  team_id: 'T0ACME',
  is_email_confirmed: true,
  profile: { email: 'Carol@acme.example' },
};

let slack: TestSlack;
let channel: Channel;
let approval: FiledApproval;
let said: Said[];
let addresses: Map<string, string>;

const store = {
  addressOf: async (_channel: string, id: string) => addresses.get(id),
} as Partial<ChannelStore> as ChannelStore;

beforeEach(async () => {
  slack = await openSlack(TOKEN);
  const client = new WebClient(TOKEN, { slackApiUrl: slack.api, retryConfig: { retries: 0 } });
  channel = createSlackChannel(client, { channel: 'C0FINANCE', tenants: ['acme'] });
  approval = filedApproval();
  said = [];
  addresses = new Map();
  slack.add(CAROL);
});
afterEach(() => slack.close());

const signal = new AbortController().signal;
async function post(notice = noticeOf(approval)): Promise<string> {
  const address = (await channel.send(notice, addresses.get(approval.id), signal)) ?? '';
  addresses.set(approval.id, address);
  return address;
}

const client = () => new WebClient(TOKEN, { slackApiUrl: slack.api, retryConfig: { retries: 0 } });
const interact = (payload: unknown) =>
  handleInteraction(payload, {
    client: client(),
    channel,
    conversation: 'C0FINANCE',
    store,
    team: 'T0ACME',
    decisions: {
      personOf: async (_tenant, who) =>
        'email' in who && comparedEmail(who.email) === 'carol@acme.example'
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

/** What Slack sends when somebody presses a button of the message. */
function press(action: string, more: Record<string, unknown> = {}) {
  const [message] = slack.messages;
  const value = JSON.stringify({ id: approval.id, tenant: approval.tenant });
  return {
    type: 'block_actions',
    trigger_id: '1.2.abc',
    team: { id: 'T0ACME' },
    user: { id: 'UCAROL' },
    container: { channel_id: message?.channel, message_ts: message?.ts },
    actions: [{ action_id: action, value }],
    ...more,
  };
}

describe('what Slack shows', () => {
  it('a request with buttons, which is changed when it was decided and reminded of in its thread', async () => {
    await post();
    const [message] = slack.messages;
    expect(buttons(message?.blocks)).toEqual([APPROVE, DENY, 'sallyport_page']);
    expect(JSON.stringify(message?.blocks)).toContain('4000');
    await post(noticeOf(approval, 'reminder'));
    expect(slack.replies).toHaveLength(1);
    await post(noticeOf({ ...approval, status: 'denied' }, 'decided'));
    expect(slack.messages).toHaveLength(1);
    expect(buttons(message?.blocks)).toEqual(['sallyport_page']);
  });

  it('U15 no text of others is read as markup: every text is plain, and what a phone shows is ours', async () => {
    const hostile = '<!channel> <https://evil.example|Approve> *bold* `code` :tada: @here';
    approval = filedApproval({ arguments: { hostile }, requester: { issuer: 'i', subject: hostile, name: hostile } });
    await post();
    const [message] = slack.messages;
    for (const { text } of message?.blocks ?? []) if (text !== undefined) expect(text.type).toBe('plain_text');
    expect(message?.blocks.every(({ text }) => text?.emoji !== true)).toBe(true);
    expect(message?.text).toBe('A request for approval');
  });

  it('U9 what is cut has no button that approves it, whatever its size', async () => {
    for (const length of [2_700, 2_800, 3_000, 100_000]) {
      const sent = { ...sending({ text: 'x'.repeat(length) }), kind: 'filed' as const };
      await channel.send(sent, undefined, signal);
      expect(buttons(slack.messages.at(-1)?.blocks).includes(APPROVE)).toBe(length < 2_750);
    }
  });

  it('an error of Slack is thrown, so that it is tried again; a message that is gone is not', async () => {
    slack.failure = 'ratelimited_by_test';
    await expect(post()).rejects.toThrow('ratelimited_by_test');
    slack.failure = undefined;
    addresses.set(approval.id, 'C0FINANCE 1.0');
    await post(noticeOf({ ...approval, status: 'denied' }, 'decided'));
  });
});

const buttons = (blocks: TestSlack['messages'][number]['blocks'] = []): string[] =>
  blocks.flatMap(({ elements = [] }) => elements.map(({ action_id: id }) => id));

describe('U11 who may decide in Slack', () => {
  it('a member whose verified address is known approves, and denies with a reason', async () => {
    await post();
    expect(await interact(press(APPROVE))).toBeUndefined();
    expect(said).toMatchObject([{ tenant: 'acme', id: approval.id, verdict: 'approve' }]);
    await interact(press(DENY));
    const metadata = slack.views[0]?.view.private_metadata;
    await interact({
      type: 'view_submission',
      team: { id: 'T0ACME' },
      user: { id: 'UCAROL' },
      view: {
        id: 'V1',
        callback_id: REASON,
        private_metadata: metadata,
        state: { values: { [REASON]: { [REASON]: { value: 'wrong account' } } } },
      },
    });
    expect(said[1]).toMatchObject({ verdict: 'deny', reason: 'wrong account' });
  });

  it.each<[string, () => unknown]>([
    ['another workspace', () => press(APPROVE, { team: { id: 'T0OTHER' } })],
    ['a copy of the message', () => press(APPROVE, { container: { channel_id: 'C0FINANCE', message_ts: '9.9' } })],
    ['another channel', () => press(APPROVE, { container: { channel_id: 'C0OTHER', message_ts: '9.9' } })],
    ['a request of another tenant', () => withValue({ id: approval.id, tenant: 'globex' })],
    ['another request', () => withValue({ id: 'f'.repeat(32), tenant: 'acme' })],
    ['no request', () => withValue('x')],
    ['an unknown button', () => press('other')],
    ['nothing', () => undefined],
  ])('%s decides nothing', async (_what, payload) => {
    await post();
    await interact(payload());
    expect(said).toEqual([]);
  });

  it.each<[string, Partial<SlackUser>]>([
    ['deactivated', { deleted: true }],
    ['a bot', { is_bot: true }],
    ['a guest', { is_restricted: true }],
    ['of another workspace', { team_id: 'T0OTHER' }],
    ['not verified', { is_email_confirmed: false }],
    ['without an address', { profile: {} }],
    ['somebody who never signed in', { profile: { email: 'mallory@acme.example' } }],
  ])('an account that is %s decides nothing', async (_what, more) => {
    await post();
    slack.add({ ...CAROL, ...more });
    expect(await interact(press(APPROVE))).toMatch(/./);
    expect(said).toEqual([]);
  });

  it('a button that was left from when everything fitted approves nothing that is cut', async () => {
    await post();
    approval = filedApproval({ arguments: { text: 'x'.repeat(10_000) } });
    expect(await interact(press(APPROVE))).toContain('on the page only');
    expect(said).toEqual([]);
  });
});

const withValue = (value: unknown): unknown =>
  press(APPROVE, { actions: [{ action_id: APPROVE, value: JSON.stringify(value) }] });

describe('U11 what Slack sends', () => {
  let server: Server;
  let acted: unknown[];
  const clock = { now: () => NOW_S * 1_000 };
  beforeEach(async () => {
    acted = [];
    const receive = createSlackReceiver(
      [{ signingSecret: SIGNING_SECRET, act: (payload) => acted.push(payload) }],
      clock,
    );
    server = createServer((request, response) => {
      if (!receive(request, response)) response.writeHead(404).end();
    });
    await once(server.listen(0, '127.0.0.1'), 'listening');
  });
  afterEach(() => {
    server.closeAllConnections();
    server.close();
  });
  const send = async (body: string, headers: Record<string, string>, method = 'POST'): Promise<number> => {
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}${SLACK_PATH}`;
    return (await fetch(url, { method, headers, ...(method === 'POST' && { body }) })).status;
  };
  const payload = { type: 'block_actions' };

  it('is taken once, however often it is sent', async () => {
    const { body, headers } = signedBySlack(payload, SIGNING_SECRET, NOW_S);
    expect([await send(body, headers), await send(body, headers), await send(body, headers)]).toEqual([200, 200, 200]);
    expect(acted).toEqual([payload]);
  });

  it.each<[string, number, string]>([
    ['with another secret', NOW_S, 'another'],
    ['five minutes and a second ago', NOW_S - 301, SIGNING_SECRET],
    ['five minutes and a second from now', NOW_S + 301, SIGNING_SECRET],
  ])('signed %s is refused', async (_what, seconds, secret) => {
    const { body, headers } = signedBySlack(payload, secret, seconds);
    expect([await send(body, headers), acted]).toEqual([401, []]);
  });

  it('with other bytes than were signed is refused, also where they mean the same', async () => {
    const { body, headers } = signedBySlack(payload, SIGNING_SECRET, NOW_S);
    expect(await send(body.replaceAll('%22', '%22%20'), headers)).toBe(401);
    expect(await send(body.replaceAll('%22', '"'), headers)).toBe(401);
    const { 'x-slack-signature': _signature, ...unsigned } = headers;
    expect(await send(body, unsigned)).toBe(401);
    expect(await send(body, { ...headers, 'x-slack-request-timestamp': `${NOW_S}.0` })).toBe(401);
    expect(await send(body, { ...headers, 'x-slack-signature': 'v0=' })).toBe(401);
    expect(acted).toEqual([]);
  });

  it('U10 by GET, or in more than 128 KiB, does nothing', async () => {
    const { headers } = signedBySlack(payload, SIGNING_SECRET, NOW_S);
    expect(await send('', headers, 'GET')).toBe(405);
    const large = signedBySlack({ ...payload, text: 'x'.repeat(200_000) }, SIGNING_SECRET, NOW_S);
    expect(await send(large.body, large.headers)).toBe(413);
    expect(acted).toEqual([]);
  });
});
