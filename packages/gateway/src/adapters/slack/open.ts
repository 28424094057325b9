/** One Slack channel, with what comes back from it over HTTP or Socket Mode. */

import { SocketModeClient } from '@slack/socket-mode';
import { WebClient, type Logger } from '@slack/web-api';
import { asObject, BoundedMap, isObject, type Json, type Log } from '@sallyport/guard';
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
  listen(socket, act);
  socket.start().catch((thrown: Error) => log('error', 'Slack refuses Socket Mode', { cause: thrown.message }));
  return { channel, app: undefined, close: () => socket.disconnect() };
}

/** Longer than Slack goes on sending an envelope that it got no answer to. */
const ENVELOPES_MAX = 10_000;

interface Interactive {
  readonly ack: () => Promise<void>;
  readonly envelope_id: string;
  readonly body: unknown;
}

/** Every envelope is acknowledged, and handled once; what is of another app than the connection is not handled. */
function listen(socket: SocketModeClient, act: (payload: unknown) => void): void {
  const seen = new BoundedMap<string, true>(ENVELOPES_MAX);
  let appId: string | undefined;
  socket.on('ws_message', (data: unknown) => {
    appId = appIdOf(data) ?? appId;
  });
  socket.on('interactive', ({ ack, envelope_id: id, body }: Interactive) => {
    void ack().catch(() => {});
    if (seen.has(id)) return;
    seen.set(id, true);
    const { api_app_id: sender = appId } = isObject(body) ? body : {};
    if (sender === appId) act(body);
  });
}

/** Slack begins each connection with the app that it is for. */
function appIdOf(data: unknown): string | undefined {
  if (typeof data !== 'string' || !data.includes('"hello"')) return undefined;
  try {
    const { type, connection_info: info } = asObject(JSON.parse(data) as Json);
    const id = type === 'hello' ? asObject(info)['app_id'] : undefined;
    return typeof id === 'string' ? id : undefined;
  } catch {
    return undefined;
  }
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
