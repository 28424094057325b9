import { describe, expect, it } from 'vitest';
import { inputRequired, isCacheable, isMultiRoundTrip, isTaskResult, resultTypeOf } from './results.ts';

describe('results', () => {
  it('without a type are complete', () => {
    expect(resultTypeOf({})).toBe('complete');
    expect(resultTypeOf({ resultType: 'input_required' })).toBe('input_required');
    expect(resultTypeOf({ resultType: 'other' })).toBe('other');
  });

  it.each([
    ['tools/call', true, false],
    ['prompts/get', true, false],
    ['resources/read', true, true],
    ['tools/list', false, true],
    ['server/discover', false, true],
    ['completion/complete', false, false],
  ])('of %s may ask for input: %j, may be cached: %j', (method, asks, caches) =>
    expect([isMultiRoundTrip(method), isCacheable(method)]).toEqual([asks, caches]),
  );

  it('are tasks by their method or by their type', () => {
    expect(isTaskResult('tasks/get', {})).toBe(true);
    expect(isTaskResult('tools/call', { resultType: 'task' })).toBe(true);
    expect(isTaskResult('tools/call', { task: {} })).toBe(false);
  });

  it('that ask for input have the input requests and the request state', () =>
    expect(inputRequired({ q: { method: 'roots/list', params: {} } }, 'state')).toEqual({
      resultType: 'input_required',
      inputRequests: { q: { method: 'roots/list', params: {} } },
      requestState: 'state',
    }));
});
