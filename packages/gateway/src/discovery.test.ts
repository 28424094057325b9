/** Discovery: a server that cannot be reached is tried again whatever the others do. */
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { createDiscovery } from './discovery.ts';

beforeEach(() => void vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] }));
afterEach(() => void vi.useRealTimers());

/** Three servers: one works, one fails at once, and one never answers. */
function threeServers(): { readonly attempts: string[]; readonly failing: Set<string>; readonly hang: Promise<void> } {
  return { attempts: [], failing: new Set(['broken']), hang: new Promise(() => undefined) };
}

function discoveryOf({ attempts, failing, hang }: ReturnType<typeof threeServers>) {
  return createDiscovery({
    directory: { servers: () => ['broken', 'slow', 'works'] },
    discover: async (only = []) => {
      attempts.push(...only);
      if (only.includes('slow')) await hang;
    },
    ready: () => Object.fromEntries([...failing].map((name) => [name, 'the process ended'])),
  });
}

it('a server that failed is tried again while another has not answered yet', async () => {
  const servers = threeServers();
  const discovery = discoveryOf(servers);
  void discovery.run();
  await vi.advanceTimersByTimeAsync(11_000);
  expect(servers.attempts).toEqual(['broken', 'slow', 'works', 'broken', 'broken']);
  expect(['broken', 'slow', 'works'].map(discovery.isWaiting)).toEqual([false, true, false]);

  servers.failing.clear();
  await vi.advanceTimersByTimeAsync(60_000);
  expect(servers.attempts.filter((name) => name === 'broken')).toHaveLength(4);
});

it('nothing is tried after the stop', async () => {
  const servers = threeServers();
  const discovery = discoveryOf(servers);
  void discovery.run();
  await vi.advanceTimersByTimeAsync(0);
  discovery.stop();
  await vi.advanceTimersByTimeAsync(60_000);
  expect(servers.attempts).toEqual(['broken', 'slow', 'works']);
});
