/** One Slack channel, with what comes back from it over HTTP or Socket Mode. */

import { SocketModeClient } from '@slack/socket-mode';
import { WebClient, type Logger } from '@slack/web-api';
import type { Log } from '@sallyport/guard';
import type { Channel, ChannelStore } from '../../channels/channel.ts';
import type { ChannelDecisions } from '../../channels/decide.ts';
import type { SlackSettings } from '../../snapshot.ts';
import { boundedFetch } from './bounded-fetch.ts';
import { createSlackChannel } from './channel.ts';
import { handleInteraction, personOf } from './interaction.ts';
import type { SlackApp } from './receive.ts';

/** What a Slack channel works with. */
export interface SlackDeps {
  readonly store: ChannelStore;
  readonly decisions: ChannelDecisions;
  readonly log: Log;
}

const TIMEOUT_MS = 10_000;

/** A channel, with what its app does about interactions that come over HTTP. */
export interface OpenedSlack {
  readonly channel: Channel;
  readonly app: SlackApp | undefined;
  close(): Promise<void>;
}

export function openSlack(settings: SlackSettings, { store, decisions, log }: SlackDeps): OpenedSlack {
  const logger = loggerOf(log);
  const options = {
    slackApiUrl: settings.api,
    logger,
    timeout: TIMEOUT_MS,
    allowAbsoluteUrls: false,
    fetch: boundedFetch,
  };
  // Delivery tries again by itself.
  const client = new WebClient(settings.token, {
    ...options,
    retryConfig: { retries: 0 },
    rejectRateLimitedCalls: true,
  });
  const channel = createSlackChannel(client, settings);
  const act = (payload: unknown): void => {
    handleInteraction(payload, {
      client,
      channel,
      conversation: settings.channel,
      store,
      decisions,
      team: settings.team,
    })
      .then((why) => (why === undefined ? undefined : answerPrivately(client, settings.channel, payload, why)))
      .catch((thrown: unknown) =>
        log('warn', 'what somebody pressed in Slack was not handled', { cause: (thrown as Error).message }),
      );
  };
  if (settings.signingSecret !== undefined)
    return { channel, app: { signingSecret: settings.signingSecret, act }, close: async () => {} };
  const socket = new SocketModeClient({ appToken: settings.appToken ?? '', logger, clientOptions: { ...options } });
  socket.on('interactive', ({ ack, body }: { ack: () => Promise<void>; body: unknown }) => {
    void ack().catch(() => {});
    act(body);
  });
  socket.start().catch((thrown: Error) => log('error', 'Slack refuses Socket Mode', { cause: thrown.message }));
  return { channel, app: undefined, close: () => socket.disconnect() };
}

/** Only the person who pressed reads it. Nothing foreign is in it. */
async function answerPrivately(client: WebClient, channel: string, payload: unknown, why: string): Promise<void> {
  const user = personOf(payload);
  if (user !== undefined) await client.chat.postEphemeral({ channel, user, text: why, parse: 'none' });
}

/** Slack's own words go into our log, without what it says of tokens and bodies in debug. */
function loggerOf(log: Log): Logger {
  const write =
    (level: 'warn' | 'error') =>
    (...words: unknown[]): void =>
      log(level, 'Slack', { said: words.map(String).join(' ').slice(0, 500) });
  const nothing = (): void => {};
  return {
    debug: nothing,
    info: nothing,
    warn: write('warn'),
    error: write('error'),
    setLevel: nothing,
    getLevel: () => 'warn' as ReturnType<Logger['getLevel']>,
    setName: nothing,
  };
}
