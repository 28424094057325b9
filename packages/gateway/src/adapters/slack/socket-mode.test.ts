/** U11: decisions that come over Slack's Socket Mode. Slack is a strict fake (`test/fixtures/slack-socket.ts`). */
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { FiledApproval, Principal } from '@sallyport/guard';
import { openSlackSocket, type SlackSocket } from '../../../../../test/fixtures/slack-socket.ts';
import { openSlack as openFakeSlack, type TestSlack } from '../../../../../test/fixtures/slack.ts';
import type { ChannelStore } from '../../channels/channel.ts';
import type { Said } from '../../channels/decide.ts';
import { filedApproval, noticeOf } from '../../channels/testing/notices.mts';
import { APPROVE } from './message.ts';
import { openSlack, type OpenedSlack } from './open.ts';

const TOKEN = 'xoxb-1234567890';
const APP_TOKEN = 'xapp-1-A0APP-1234567890';
const WAIT = { timeout: 30_000, interval: 20 };

let slack: TestSlack;
let socket: SlackSocket;
let opened: OpenedSlack;
let approval: FiledApproval;
let said: Said[];

beforeEach(async () => {
  socket = await openSlackSocket('A0APP');
  slack = await openFakeSlack(TOKEN, { appToken: APP_TOKEN, ticket: () => socket.ticket() });
  slack.add({
    id: 'UCAROL',
    team_id: 'T0ACME',
    is_email_confirmed: true,
    profile: { email: 'carol@acme.example' },
  });
  approval = filedApproval();
  said = [];
  let address: string | undefined;
  opened = openSlack(
    {
      channel: 'C0FINANCE',
      tenants: ['acme'],
      team: 'T0ACME',
      token: TOKEN,
      appToken: APP_TOKEN,
      api: slack.api,
    } as never,
    {
      store: { addressOf: async () => address } as Partial<ChannelStore> as ChannelStore,
      decisions: {
        personOf: async () => ({ user: { subject: 'carol' } }) as Principal,
        show: async () => approval,
        noticeOf,
        // Two of three are needed, so that the request still waits after a yes.
        async decide(_tenant, _by, what) {
          said.push(what);
          return approval;
        },
      },
      log: () => {},
    },
  );
  address = (await opened.channel.send(noticeOf(approval), undefined, new AbortController().signal)) as string;
  await vi.waitFor(() => expect(socket.opened).toBe(1), WAIT);
});
afterEach(async () => {
  await opened.close();
  await socket.close();
  await slack.close();
});

/** What Slack sends when carol presses Approve. */
function press(more: Record<string, unknown> = {}): unknown {
  const [message] = slack.messages;
  return {
    type: 'block_actions',
    api_app_id: 'A0APP',
    trigger_id: '1.2.abc',
    team: { id: 'T0ACME' },
    user: { id: 'UCAROL' },
    container: { channel_id: message?.channel, message_ts: message?.ts },
    actions: [{ action_id: APPROVE, value: JSON.stringify({ id: approval.id, tenant: approval.tenant }) }],
    ...more,
  };
}

const send = (id: string, payload: unknown): void => socket.send({ envelope_id: id, type: 'interactive', payload });

/** Everything that came before it was handled when this one was decided. */
async function isLast(id: string, decisions: number): Promise<void> {
  send(id, press());
  await vi.waitFor(() => expect(said).toHaveLength(decisions), WAIT);
}

describe('U11 Socket Mode', () => {
  it('an envelope is acknowledged and decides once, however often it comes', async () => {
    for (const id of ['e1', 'e1', 'e1']) send(id, press());
    await vi.waitFor(() => expect(socket.acknowledged).toEqual(['e1', 'e1', 'e1']), WAIT);
    await isLast('e2', 2);
    expect(said.map(({ verdict }) => verdict)).toEqual(['approve', 'approve']);
  });

  it('what is of another workspace, another app or another message is acknowledged, and decides nothing', async () => {
    send('w', press({ team: { id: 'T0OTHER' } }));
    send('a', press({ api_app_id: 'A0OTHER' }));
    send('m', press({ container: { channel_id: 'C0FINANCE', message_ts: '9.9' } }));
    send('n', 'nothing');
    await isLast('good', 1);
    expect(socket.acknowledged).toEqual(['w', 'a', 'm', 'n', 'good']);
  });

  it('who must connect again takes a new ticket; an envelope of before decides nothing more', async () => {
    send('e1', press());
    await vi.waitFor(() => expect(said).toHaveLength(1), WAIT);
    socket.disconnect();
    await vi.waitFor(() => expect(socket.opened).toBe(2), WAIT);
    send('e1', press());
    await vi.waitFor(() => expect(socket.acknowledged).toEqual(['e1', 'e1']), WAIT);
    await isLast('e2', 2);
  }, 60_000);
});
