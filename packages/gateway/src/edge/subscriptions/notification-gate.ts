/** A13: an update of a resource is delivered only to a client that may subscribe to this resource now. */
import { BoundedMap, type Definition, type JsonObject } from '@sallyport/guard';
import type { EdgeDeps } from '../deps.ts';
import type { InboundMessage } from '../exchange/inbound-message.ts';
import { toInternalCall } from '../exchange/to-call.ts';
import { NOTIFICATION } from '../../mcp/notifications.ts';
import { clientUri } from '../names/spelling.ts';
import { judge, RECHECK_MS } from './reauthorize.ts';

const VERDICTS_MAX = 1_000;

/**
 * Calls `deliver` when the client may subscribe to this resource.
 *
 * @param server the server that the resource belongs to.
 */
export type NotificationGate = (server: string, uri: string, deliver: () => void) => void;

interface Verdict {
  readonly expiresAtMs: number;
  readonly allowed: Promise<boolean>;
}

/** A verdict is used again for {@link RECHECK_MS}. */
export function createNotificationGate(deps: EdgeDeps, inbound: InboundMessage): NotificationGate {
  const verdicts = new BoundedMap<string, Verdict>(VERDICTS_MAX);
  return (server, uri, deliver) => {
    const key = JSON.stringify([server, uri]);
    const nowMs = deps.steadyClock.now();
    let verdict = verdicts.get(key);
    if (verdict === undefined || verdict.expiresAtMs <= nowMs) {
      const allowed = maySubscribe(deps, inbound, server, uri).catch(() => false);
      verdict = { expiresAtMs: nowMs + RECHECK_MS, allowed };
      verdicts.set(key, verdict);
    }
    void verdict.allowed.then((allowed) => {
      if (allowed) deliver();
    });
  };
}

/** Updates of resources pass the gate; every other notification is delivered as it is. */
export function deliverNotification(
  gate: NotificationGate,
  server: string,
  method: string,
  params: JsonObject,
  deliver: () => void,
): void {
  if (method === NOTIFICATION.resourceUpdated && typeof params['uri'] === 'string')
    gate(server, params['uri'], deliver);
  else deliver();
}

async function maySubscribe(deps: EdgeDeps, inbound: InboundMessage, server: string, uri: string): Promise<boolean> {
  const pinnedUri = nearestPinnedUri(deps, server, uri);
  if (pinnedUri === undefined) return false;
  const shownUri = inbound.route.server === undefined ? clientUri(server, pinnedUri) : pinnedUri;
  const outcome = await judge(deps, toInternalCall(deps, 'subscriptions/resource', { uri: shownUri }, inbound));
  return outcome.status === 'success';
}

/** Servers choose these URIs, and every level costs a lookup: no pinned URI is longer or deeper than this (A24). */
const URI_CHARACTERS_MAX = 4_096;
const LEVELS_MAX = 32;

/** A server may announce a sub-resource of a pinned resource; the pinned one is judged then. */
function nearestPinnedUri(deps: EdgeDeps, server: string, uri: string): Definition['name'] | undefined {
  if (uri.length > URI_CHARACTERS_MAX) return undefined;
  let name = uri;
  for (let level = 0; level < LEVELS_MAX; level++) {
    if (deps.definitionOf({ kind: 'resource', server, name }) !== undefined) return name;
    if (!name.includes('/')) return undefined;
    name = name.slice(0, name.lastIndexOf('/'));
  }
  return undefined;
}
