import { METHODS } from '@sallyport/guard';
import { describe, expect, it } from 'vitest';
import { acceptsForms, acceptsUrls, capabilityNeededBy, CLIENT_REQUESTS, isClientRequest } from './client-requests.ts';

describe('requests of servers to clients', () => {
  it('are those that the guard lets through to clients', () => {
    const guarded = Object.entries(METHODS).flatMap(([method, { direction }]) =>
      direction === 'to_client' ? [method] : [],
    );
    expect(guarded.sort()).toEqual(Object.keys(CLIENT_REQUESTS).sort());
  });

  it.each([
    ['sampling/createMessage', 'sampling'],
    ['elicitation/create', 'elicitation'],
    ['roots/list', 'roots'],
    ['tools/call', undefined],
    ['constructor', undefined],
    ['__proto__', undefined],
  ])('%s needs %j', (method, capability) => {
    expect(capabilityNeededBy(method)).toBe(capability);
    expect(isClientRequest(method)).toBe(capability !== undefined);
  });

  it.each([
    [undefined, false, false],
    [{}, true, false],
    [{ form: {} }, true, false],
    [{ url: {} }, false, true],
    [{ form: {}, url: {} }, true, true],
  ])('an elicitation capability %j accepts forms: %j, URLs: %j', (elicitation, forms, urls) =>
    expect([acceptsForms(elicitation), acceptsUrls(elicitation)]).toEqual([forms, urls]),
  );
});
