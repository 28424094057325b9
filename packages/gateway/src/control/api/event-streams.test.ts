/** B7: streams of one tenant leave room for those of others. */
import { EventEmitter } from 'node:events';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { expect, it } from 'vitest';
import { callerOf } from '../testing/open-api.mts';
import { createEventStreams } from './event-streams.ts';

const CALLER_STREAMS_MAX = 8;
const request = { method: 'GET' } as IncomingMessage;

/** A response of which nothing is read. */
const openResponse = (): EventEmitter =>
  Object.assign(new EventEmitter(), { writeHead() {}, write: () => true, end() {}, writableLength: 0 });

it('B7 the people of one tenant cannot take all streams, and what they leave is free again', () => {
  const streams = createEventStreams(undefined);
  const responses: EventEmitter[] = [];
  const open = (subject: string, tenant: string): boolean => {
    const caller = callerOf(subject, ['viewer'], tenant);
    const response = openResponse();
    try {
      const stream = { caller, subscribe: () => () => undefined, mayListen: () => true };
      streams.open(request, response as unknown as ServerResponse, stream);
    } catch {
      return false;
    }
    responses.push(response);
    return true;
  };
  let opened = 0;
  while (open(`user ${Math.floor(opened / CALLER_STREAMS_MAX)}`, 'acme')) opened += 1;
  expect(opened).toBe(256);
  expect(open('zed', 'globex')).toBe(true);
  responses[0]?.emit('close');
  responses[0]?.emit('close');
  expect([open('late', 'acme'), open('later', 'acme')]).toEqual([true, false]);
  streams.close();
});
