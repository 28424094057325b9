/** What a client may get while its call runs. */
import { describe, expect, it } from 'vitest';
import type { Sender } from '../eras/sender.ts';
import { createClientChannel } from './client-channel.ts';

const senderOf = (era: 'legacy' | 'modern', logLevel?: string): Sender => ({
  era,
  protocolVersion: '',
  capabilities: {},
  clientInfo: undefined,
  logLevel,
  session: undefined,
});

function channelOf(sender: Sender, params = {}) {
  const sent: unknown[] = [];
  const send = (message: object): void => void sent.push((message as { params: unknown }).params);
  const connection = { send, endStream: () => {} };
  return { sent, channel: createClientChannel(sender, params, connection, () => Promise.resolve({})) };
}

describe('the channel to a client', () => {
  it('carries progress under the token of the client, and only progress that grows', () => {
    const { sent, channel } = channelOf(senderOf('legacy'), { _meta: { progressToken: 'mine' } });
    for (const progress of [1, 1, 0, 2, '3', 2])
      channel.notify('notifications/progress', { progress, progressToken: 7 });
    expect(sent).toEqual([1, 2].map((progress) => ({ progress, progressToken: 'mine' })));
  });

  it('carries no progress to a client that did not ask for it', () => {
    const { sent, channel } = channelOf(senderOf('legacy'));
    channel.notify('notifications/progress', { progress: 1, progressToken: 7 });
    expect(sent).toEqual([]);
  });

  it('carries requests of a server to a legacy client only', () => {
    expect(channelOf(senderOf('legacy')).channel.request).toBeDefined();
    expect(channelOf(senderOf('modern')).channel.request).toBeUndefined();
  });

  it('carries log messages to a modern client only when it named a level, and nothing else', () => {
    const silent = channelOf(senderOf('modern'));
    silent.channel.notify('notifications/message', { data: 1 });
    const listening = channelOf(senderOf('modern', 'info'));
    listening.channel.notify('notifications/message', { data: 2 });
    listening.channel.notify('notifications/resources/updated', { uri: 'x:y' });
    expect([silent.sent, listening.sent]).toEqual([[], [{ data: 2 }]]);
  });
});
