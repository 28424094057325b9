/** How calls end when the gateway stops. */
import { GuardError } from '@sallyport/guard';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { createCallsUnderWay, interruptionOf } from './calls-under-way.ts';

describe('L9 a gateway that stops', () => {
  beforeEach(() => {
    vi.useFakeTimers();
  });
  afterEach(() => {
    vi.useRealTimers();
  });

  const settled = async (promise: Promise<unknown>): Promise<boolean> => {
    let done = false;
    void promise.then(() => {
      done = true;
    });
    await vi.advanceTimersByTimeAsync(0);
    return done;
  };

  it('begins no call, and says when to come back', async () => {
    const calls = createCallsUnderWay();
    await calls.finish(1_000);
    expect(calls.isStopping).toBe(true);
    for (const begin of [() => calls.begin(new AbortController()), () => calls.checkOpen()])
      expect(begin).toThrow(
        expect.objectContaining({ code: 'unavailable', detail: expect.objectContaining({ retryAfterSeconds: 5 }) }),
      );
  });

  it('waits for the calls under way, and ends with the last of them', async () => {
    const calls = createCallsUnderWay();
    const aborts = [new AbortController(), new AbortController()];
    const [endFirst, endSecond] = aborts.map((abort) => calls.begin(abort));
    const finished = calls.finish(30_000);
    await vi.advanceTimersByTimeAsync(20_000);
    endFirst?.();
    expect(await settled(finished)).toBe(false);
    endSecond?.();
    expect(await settled(finished)).toBe(true);
    expect(aborts.map(({ signal }) => signal.aborted)).toEqual([false, false]);
  });

  it('cuts off what does not end in time, says so, and waits a little for its answer', async () => {
    const calls = createCallsUnderWay();
    const abort = new AbortController();
    const end = calls.begin(abort);
    const finished = calls.finish(30_000);
    await vi.advanceTimersByTimeAsync(29_999);
    expect(abort.signal.aborted).toBe(false);
    await vi.advanceTimersByTimeAsync(1);
    expect(interruptionOf(abort.signal)).toMatchObject({ code: 'interrupted' });
    expect(await settled(finished)).toBe(false);
    end();
    expect(await settled(finished)).toBe(true);
  });

  it('does not wait for ever for a call that does not end', async () => {
    const calls = createCallsUnderWay();
    calls.begin(new AbortController());
    const finished = calls.finish(0);
    await vi.advanceTimersByTimeAsync(60_000);
    expect(await settled(finished)).toBe(true);
  });

  it('an end that a client caused is no interruption', () => {
    const abort = new AbortController();
    abort.abort();
    expect(interruptionOf(abort.signal)).toBeUndefined();
    expect(interruptionOf(AbortSignal.abort(new GuardError('interrupted')))).toBeDefined();
  });
});
