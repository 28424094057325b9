/** Which notifications of a server reach the client of a call. */
import type { ClientChannel } from '@sallyport/guard';
import { describe, expect, it } from 'vitest';
import type { TaskSeal } from '../tasks/task-ids.ts';
import { createCallNotifications } from './call-notifications.ts';

function notificationsTo(channel: Partial<ClientChannel>) {
  const sent: unknown[] = [];
  const notify: ClientChannel['notify'] = (method, params) => void sent.push([method, params]);
  const full = { era: 'legacy', capabilities: {}, logLevel: undefined, progressToken: undefined, notify, ...channel };
  return { sent, notified: createCallNotifications(() => full as ClientChannel, {} as TaskSeal) };
}

const progressOf = (progress: unknown) => ({ progress, progressToken: 1 }) as never;

describe('notifications during a call', () => {
  it('progress that does not grow is dropped, and so is progress that nobody asked for', () => {
    const asked = notificationsTo({ progressToken: 'mine' });
    for (const value of [2, 2, 1, 'x', 3]) asked.notified('notifications/progress', progressOf(value));
    expect(asked.sent).toEqual(
      [2, 3].map((progress) => ['notifications/progress', { progress, progressToken: 'mine' }]),
    );
    const unasked = notificationsTo({});
    unasked.notified('notifications/progress', progressOf(1));
    expect(unasked.sent).toEqual([]);
  });

  it('log messages reach a modern client from the level that it named', () => {
    const { sent, notified } = notificationsTo({ era: 'modern', logLevel: 'warning' });
    for (const level of ['debug', 'warning', 'error']) notified('notifications/message', { level });
    expect(sent).toEqual(['warning', 'error'].map((level) => ['notifications/message', { level }]));
  });

  it('nothing else passes', () => {
    const { sent, notified } = notificationsTo({ era: 'modern', logLevel: 'debug' });
    for (const method of ['notifications/elicitation/complete', 'notifications/resources/updated', 'made/up'])
      notified(method, {});
    expect(sent).toEqual([]);
  });
});
