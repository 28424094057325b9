/** Slack: a message for each request, changed when something happens to it. */
import type { WebClient } from '@slack/web-api';
import type { Channel } from '../../channels/channel.ts';
import { contentOf } from '../../channels/content.ts';
import type { SlackSettings } from '../../snapshot.ts';
import { ARGUMENTS_CHARACTERS_MAX, blocksOf } from './message.ts';

/** Where a message is: the conversation and the time that Slack names it by. */
export interface MessageAddress {
  readonly channel: string;
  readonly ts: string;
}

export const addressText = ({ channel, ts }: MessageAddress): string => `${channel} ${ts}`;

/** Nothing foreign: Slack reads markup in it. */
const FALLBACK = 'A request for approval';

/** Errors that a later try does not mend. */
const GONE: ReadonlySet<string> = new Set(['message_not_found', 'cant_update_message', 'edit_window_closed']);

export function createSlackChannel(
  client: WebClient,
  { channel: conversation, tenants }: Pick<SlackSettings, 'channel' | 'tenants'>,
): Channel {
  return {
    name: `slack ${conversation}`,
    tenants,
    async send(notice, address) {
      const blocks = blocksOf(contentOf(notice, ARGUMENTS_CHARACTERS_MAX), notice.approval);
      const [channel, ts] = address?.split(' ') ?? [];
      if (channel !== undefined && ts !== undefined) {
        await client.chat.update({ channel, ts, text: FALLBACK, blocks, parse: 'none' }).catch((thrown: unknown) => {
          if (!GONE.has(slackErrorOf(thrown))) throw thrown;
        });
        if (notice.kind === 'reminder')
          await client.chat.postMessage({ channel, thread_ts: ts, text: 'Reminder: this request still waits.' });
        return address;
      }
      const posted = await client.chat.postMessage({
        channel: conversation,
        text: FALLBACK,
        blocks,
        parse: 'none',
        link_names: false,
        unfurl_links: false,
        unfurl_media: false,
      });
      if (posted.channel === undefined || posted.ts === undefined) throw new Error('Slack named no message');
      return addressText({ channel: posted.channel, ts: posted.ts });
    },
  };
}

const slackErrorOf = (thrown: unknown): string =>
  String((thrown as { readonly data?: { readonly error?: unknown } }).data?.error ?? '');
