/** `stream/listen` and `subscriptions/listen`: the caller gets notifications until it goes away. */
import type { Log, McpResult } from '@sallyport/guard';
import { acquireSession } from '../../calls/acquire-session.ts';
import type { ServerCall } from '../../calls/server-call.ts';
import type { PinCatalog } from '../../pins/catalog.ts';
import type { SessionPool } from '../../sessions/pool.ts';
import { reasonOf } from '../../transports/failure.ts';
import type { Subscribers } from '../subscribers.ts';
import { filterOf } from '../subscription-filter.ts';
import type { UpstreamSubscriptions } from './upstream-subscriptions.ts';

/** What a subscription uses. */
export interface SubscribeDeps {
  readonly pool: SessionPool;
  readonly catalog: Pick<PinCatalog, 'find'>;
  readonly subscribers: Subscribers;
  readonly subscriptions: UpstreamSubscriptions;
  readonly log: Log;
}

/** Resolves when the caller goes away. The notifications of a server that cannot be reached come once it can be. */
export async function subscribe(deps: SubscribeDeps, calls: readonly ServerCall[]): Promise<McpResult> {
  const [first] = calls;
  if (first === undefined) return { value: {} };
  const removals = calls.map((call) => {
    const remove = deps.subscribers.add({ call, filter: filterOf(call, deps.catalog.find) });
    void beginSubscription(deps, call);
    return remove;
  });
  await aborted(first.permitted.call.signal);
  for (const remove of removals) remove();
  for (const { settings, owner } of calls) deps.subscriptions.refresh(settings.name, owner);
  return { value: {} };
}

function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener('abort', () => resolve(), { once: true });
  });
}

/**
 * The calls of a legacy client open its sessions, unless a restart closed those that it had. For a modern client, its
 * subscription may be its first call.
 */
async function beginSubscription({ pool, subscriptions, log }: SubscribeDeps, call: ServerCall): Promise<void> {
  const { permitted, settings, owner, channel } = call;
  const isConnected = pool.sessionsOf(settings.name, owner).length > 0;
  try {
    const isReturning = permitted.call.params['returning'] === true;
    if (!isConnected && (isReturning || channel.era === 'modern' || pool.eras.get(settings.name) === 'modern'))
      pool.release(await acquireSession(pool, call));
    if (!permitted.call.signal.aborted) subscriptions.refresh(settings.name, owner);
  } catch (thrown) {
    log('warn', 'a server could not be subscribed to', { server: settings.name, why: reasonOf(thrown) });
  }
}
