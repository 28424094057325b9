import { describe, expect, it } from 'vitest';
import type { Approval } from '../../packages/dashboard/src/api/types.ts';
import { placeRows } from '../../packages/dashboard/src/pages/approvals/place-rows.ts';
import { callFilters, readTyped } from '../../packages/dashboard/src/pages/calls/filter-text.ts';
import { questionOf, EMPTY_QUESTION } from '../../packages/dashboard/src/pages/policies/question.ts';

const request = (id: string, over: Partial<Approval> = {}): Approval =>
  ({ id, status: 'pending', expires_at: '2999-01-01T00:00:00Z', ...over }) as Approval;

describe('the queue of approvals', () => {
  it('rows keep their place when somebody decides, and new ones come last', () => {
    const shown = [request('a'), request('b'), request('c')];
    const next = placeRows(shown, [request('z'), request('a'), request('c')], new Map([['b', 'approved']]));
    expect(next.map(({ id, status }) => `${id} ${status}`)).toEqual([
      'a pending',
      'b approved',
      'c pending',
      'z pending',
    ]);
  });

  it('a request that is gone without an event has expired when its time is over', () => {
    const shown = [request('a', { expires_at: '2001-01-01T00:00:00Z' }), request('b')];
    expect(placeRows(shown, [], new Map()).map(({ status }) => status)).toEqual(['expired', 'superseded']);
  });
});

describe('the filter of calls', () => {
  it('reads fields and text', () => {
    expect(readTyped('user:alice broken tool:refund  http://x error_code:NOT_FOUND')).toEqual({
      user: 'alice',
      tool: 'refund',
      error_code: 'NOT_FOUND',
      text: 'broken http://x',
    });
    expect(readTyped('since:2026-01-01T00:00:00Z')).toEqual({ since: '2026-01-01T00:00:00Z' });
  });

  it('a window of time begins at a whole minute, and a typed field is stronger than one in the address', () => {
    const nowMs = Date.parse('2026-11-21T10:00:59Z');
    expect(callFilters({ within: 'hour', user: 'bob', q: 'user:alice' }, nowMs)).toMatchObject({
      since: '2026-11-21T09:00:00.000Z',
      user: 'alice',
    });
  });
});

describe('the question about a policy', () => {
  it('leaves out what was not given, and refuses arguments that are no JSON', () => {
    expect(
      questionOf({ ...EMPTY_QUESTION, subject: ' alice ', roles: 'staff, finance,', server: 'x', name: 'y' }),
    ).toEqual({
      user: { subject: 'alice', roles: ['staff', 'finance'], groups: [] },
      server: 'x',
      method: 'tools/call',
      name: 'y',
      arguments: {},
    });
    expect(() => questionOf({ ...EMPTY_QUESTION, arguments: '{' })).toThrow(SyntaxError);
  });
});
