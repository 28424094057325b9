import { MCP_METHODS } from '@sallyport/guard';
import { describe, expect, it } from 'vitest';
import { isTaskNotification, NOTIFICATION } from './notifications.ts';

describe('notifications', () => {
  it('every notification that the guard knows has a name', () => {
    const guarded = Object.entries(MCP_METHODS).flatMap(([method, { kind }]) =>
      kind === 'notification' ? [method] : [],
    );
    expect(Object.values<string>(NOTIFICATION)).toEqual(expect.arrayContaining(guarded));
  });

  it('about tasks are those of both eras', () =>
    expect(Object.values(NOTIFICATION).filter(isTaskNotification)).toEqual([
      'notifications/tasks/status',
      'notifications/tasks',
    ]));
});
