/** Requests of one server that wait for a client. */
import { describe, expect, it } from 'vitest';
import { createPendingClientRequests } from './pending.ts';

const never = (): Promise<never> => new Promise(() => undefined);

describe('requests of a server that wait', () => {
  it('B6 are at most 64', () => {
    const pending = createPendingClientRequests();
    const refused = Array.from({ length: 70 }, (_, id) => pending.add(id, never, () => undefined));
    expect(refused.filter((reason) => reason === undefined)).toHaveLength(64);
    expect(refused.at(-1)).toBe('too many requests at once');
  });

  it('cannot share an id while one waits', async () => {
    const pending = createPendingClientRequests();
    const { promise, resolve } = Promise.withResolvers<Buffer | undefined>();
    expect(pending.add(1, () => Promise.resolve({ first: true }), resolve)).toBeUndefined();
    expect(pending.add(1, never, () => undefined)).toContain('waits already');
    expect(JSON.parse(String(await promise))).toMatchObject({ id: 1, result: { first: true } });
    expect(pending.add(1, never, () => undefined)).toBeUndefined();
  });

  it('S13 that are cancelled get no response, whatever the client answers later', async () => {
    const pending = createPendingClientRequests();
    const answer = Promise.withResolvers<Record<string, never>>();
    const { promise, resolve } = Promise.withResolvers<Buffer | undefined>();
    let cancelled: AbortSignal | undefined;
    pending.add(
      1,
      (signal) => {
        cancelled = signal;
        return answer.promise;
      },
      resolve,
    );
    pending.cancel(1);
    expect(cancelled?.aborted).toBe(true);
    answer.resolve({});
    expect(await promise).toBeUndefined();
  });
});
