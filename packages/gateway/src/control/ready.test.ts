/** What readiness says, to whom, how long it waits and how long it is remembered. */
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { createReady, readiness, type Check } from './ready.ts';

const REQUEST = {
  method: 'GET',
  params: {},
  query: new URLSearchParams(),
  body: undefined,
  caller: undefined,
} as const;
const failing: Check = { name: 'store', run: () => 'the file is locked' };
const serving: Check = { name: 'servers', run: () => ({ one: undefined, two: { tolerated: 'connection refused' } }) };

describe('readiness', () => {
  it('names reasons to operators, and to everybody else only that something fails', async () => {
    const checks = [failing, serving];
    expect(await readiness({ checks, details: true })).toEqual({
      ready: false,
      checks: { store: 'the file is locked', 'servers.one': 'ok', 'servers.two': 'connection refused' },
    });
    expect(await readiness({ checks, details: false })).toEqual({
      ready: false,
      checks: { store: 'failing', servers: 'degraded' },
    });
  });

  it('does not end with what is tolerated or not required, and ends with what throws', async () => {
    const ready = async (...checks: Check[]): Promise<boolean> => (await readiness({ checks, details: true })).ready;
    expect(await ready(serving)).toBe(true);
    expect(await ready({ ...failing, required: false })).toBe(true);
    expect(await ready(failing)).toBe(false);
    const throwing = (): never => {
      throw new Error('SQLITE_CORRUPT: database disk image is malformed');
    };
    const { ready: isReady, checks } = await readiness({ checks: [{ name: 'store', run: throwing }], details: true });
    expect([isReady, checks]).toEqual([false, { store: 'failed' }]);
    expect(await ready({ name: 'servers', run: () => ({ one: undefined, two: 'down' }) })).toBe(false);
  });
});

describe('readiness over time', () => {
  beforeEach(() => {
    vi.useFakeTimers();
  });
  afterEach(() => {
    vi.useRealTimers();
  });

  it('A29 waits two seconds for a check, and asks again after one', async () => {
    let asked = 0;
    const hanging: Check = {
      name: 'store',
      run: () => {
        asked += 1;
        return new Promise<undefined>(() => undefined);
      },
    };
    const ready = createReady({ checks: [hanging], details: true });
    const answers = Promise.all([ready(REQUEST), ready(REQUEST)]);
    await vi.advanceTimersByTimeAsync(2_000);
    expect((await answers).map(({ status }) => status)).toEqual([503, 503]);
    expect(asked).toBe(1);
    const again = ready(REQUEST);
    await vi.advanceTimersByTimeAsync(2_000);
    expect((await again).status).toBe(503);
    expect(asked).toBe(2);
  });
});
