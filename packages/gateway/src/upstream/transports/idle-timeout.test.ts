/** How long a request to a server may take. */
import type { GuardError } from '@sallyport/guard';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { startIdleTimeout, type IdleTimeout } from './idle-timeout.ts';

describe('a request to a server', () => {
  beforeEach(() => {
    vi.useFakeTimers();
  });
  afterEach(() => {
    vi.useRealTimers();
  });

  const start = (timeoutMs: number | undefined, deadlineMs?: number, signal = new AbortController().signal) => {
    const codes: string[] = [];
    const timeout: IdleTimeout = startIdleTimeout(
      { signal, timeoutMs, deadlineMs },
      ({ code }: GuardError) => void codes.push(code),
    );
    return { codes, timeout };
  };

  it('ends when nothing was received for its time', () => {
    const { codes, timeout } = start(1_000);
    vi.advanceTimersByTime(900);
    timeout.touch();
    vi.advanceTimersByTime(900);
    expect(codes).toEqual([]);
    vi.advanceTimersByTime(100);
    expect(codes).toEqual(['upstream_timeout']);
  });

  it('ends at the deadline of its call, whatever the server sends', () => {
    const { codes, timeout } = start(1_000, Date.now() + 2_500);
    for (let passed = 0; passed < 2_500; passed += 500) {
      expect(codes).toEqual([]);
      timeout.touch();
      vi.advanceTimersByTime(500);
    }
    expect(codes).toEqual(['upstream_timeout']);
  });

  it('waits while a person is asked, and again from then on', () => {
    const { codes, timeout } = start(1_000);
    timeout.pause();
    timeout.pause();
    vi.advanceTimersByTime(60_000);
    timeout.resume();
    vi.advanceTimersByTime(60_000);
    expect(codes).toEqual([]);
    timeout.resume();
    vi.advanceTimersByTime(1_000);
    expect(codes).toEqual(['upstream_timeout']);
  });

  it('ends when its call ends, also when that was before', async () => {
    const abort = new AbortController();
    const { codes } = start(undefined, undefined, abort.signal);
    abort.abort();
    expect(codes).toEqual(['cancelled']);
    const late = start(undefined, undefined, abort.signal);
    await vi.advanceTimersByTimeAsync(0);
    expect(late.codes).toEqual(['cancelled']);
  });
});
