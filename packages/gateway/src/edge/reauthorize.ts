/**
 * S12: whoever listens is judged again while the stream is open, so that what is taken away, or runs out, takes effect on
 * open streams as it does on calls: who they are every {@link RECHECK_MS}, and what they may hear when there is something
 * to hear.
 */
import { spendPermit, type Call, type Definition, type JsonObject, type Outcome } from '@sallyport/guard';
import type { EdgeDeps } from './deps.ts';
import { toCall, type InboundMessage } from './exchange.ts';
import { clientUri } from './names/spelling.ts';

/** The longest that a stream goes on after its listener lost the right to it, in milliseconds. */
export const RECHECK_MS = 2_000;
const REMEMBERED_MAX = 1_000;

const judge = (deps: EdgeDeps, call: Call): Promise<Outcome> =>
  deps.guard.run(call, async (permit) => {
    spendPermit(permit);
    return { value: {} };
  });

/** Calls `lost` once, when the guard does not know the listener any more. @returns how to stop asking. */
export function keepReauthorizing(deps: EdgeDeps, arrival: InboundMessage, lost: () => void): () => void {
  const end = (): void => {
    clearInterval(timer);
    lost();
  };
  const again = async (): Promise<void> => {
    const outcome = await judge(deps, toCall(deps, { method: 'stream/check', params: {} }, arrival, true));
    // Whoever is refused too often has to wait, and has not lost anything.
    if (outcome.status !== 'success' && outcome.error.code !== 'rate_limited') end();
  };
  const timer = setInterval(() => void again().catch(end), RECHECK_MS);
  timer.unref();
  return () => clearInterval(timer);
}

/** Delivers what is said of a resource to who may subscribe to it now. @param server whose resource it is. */
export type NotificationGate = (server: string, uri: string, deliver: () => void) => void;

/** A verdict is good for {@link RECHECK_MS}. */
export function createNotificationGate(deps: EdgeDeps, arrival: InboundMessage): NotificationGate {
  const verdicts = new Map<string, { readonly until: number; readonly may: Promise<boolean> }>();
  const ask = async (server: string, uri: string): Promise<boolean> => {
    const definition = pinnedAbove(deps, server, uri);
    if (definition === undefined) return false;
    const { route } = arrival;
    const spelled = route.server === undefined ? clientUri(server, definition) : definition;
    return (
      (await judge(deps, toCall(deps, { method: 'subscriptions/resource', params: { uri: spelled } }, arrival, true)))
        .status === 'success'
    );
  };
  return (server, uri, deliver) => {
    const key = JSON.stringify([server, uri]);
    const now = deps.clock.now();
    let verdict = verdicts.get(key);
    if (verdict === undefined || verdict.until <= now) {
      if (verdicts.size >= REMEMBERED_MAX) verdicts.clear();
      verdicts.set(key, (verdict = { until: now + RECHECK_MS, may: ask(server, uri).catch(() => false) }));
    }
    void verdict.may.then((may) => {
      if (may) deliver();
    });
  };
}

/** What a server says on its own: of a resource to who may subscribe to it now, of anything else to whoever listens. */
export function deliverNotification(
  hear: NotificationGate,
  server: string,
  { method, params }: { readonly method: string; readonly params: JsonObject },
  deliver: () => void,
): void {
  if (method === 'notifications/resources/updated' && typeof params['uri'] === 'string')
    hear(server, params['uri'], deliver);
  else deliver();
}

/** A server says what it likes, and every step up costs a look: nothing that is pinned is longer or deeper (A24). */
const URI_CHARACTERS_MAX = 4_096;
const LEVELS_MAX = 32;

/** What is said may be of a part of the resource that was subscribed to: then that one is judged. */
function pinnedAbove(deps: EdgeDeps, server: string, uri: string): Definition['name'] | undefined {
  if (uri.length > URI_CHARACTERS_MAX) return undefined;
  let name = uri;
  for (let level = 0; level < LEVELS_MAX; level++) {
    if (deps.definitionOf({ kind: 'resource', server, name }) !== undefined) return name;
    if (!name.includes('/')) return undefined;
    name = name.slice(0, name.lastIndexOf('/'));
  }
  return undefined;
}
