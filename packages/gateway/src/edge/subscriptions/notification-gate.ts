/** A13, B10: a notification is delivered only to a client that may know of its subject now. */
import { BoundedMap, type Definition, type JsonObject } from '@sallyport/guard';
import type { EdgeDeps } from '../deps.ts';
import type { InboundMessage } from '../exchange/inbound-message.ts';
import { toInternalCall } from '../exchange/to-call.ts';
import { capabilityChangedBy } from '../../mcp/lists.ts';
import { isTaskNotification, NOTIFICATION } from '../../mcp/notifications.ts';
import { clientUri } from '../names/spelling.ts';
import { judge, RECHECK_MS } from './reauthorize.ts';

const VERDICTS_MAX = 1_000;

/** Each function calls `deliver` when the client may know of the subject. */
export interface NotificationGate {
  /** The update of a resource. @param server the server that the resource belongs to. */
  resource(server: string, uri: string, deliver: () => void): void;
  /** The state of a task. @param taskId as the client knows it. */
  task(taskId: string, deliver: () => void): void;
  /** Anything else that a server says, such as a log message. */
  server(server: string, deliver: () => void): void;
}

interface Verdict {
  readonly expiresAtMs: number;
  readonly allowed: Promise<boolean>;
}

/** A verdict is used again for {@link RECHECK_MS}. */
export function createNotificationGate(deps: EdgeDeps, inbound: InboundMessage): NotificationGate {
  const verdicts = new BoundedMap<string, Verdict>(VERDICTS_MAX);
  const deliverIf = (key: string, judgeSubject: () => Promise<boolean>, deliver: () => void): void => {
    const nowMs = deps.steadyClock.now();
    let verdict = verdicts.get(key);
    if (verdict === undefined || verdict.expiresAtMs <= nowMs) {
      const allowed = judgeSubject().catch(() => false);
      verdict = { expiresAtMs: nowMs + RECHECK_MS, allowed };
      verdicts.set(key, verdict);
    }
    void verdict.allowed.then((allowed) => {
      if (allowed) deliver();
    });
  };
  return {
    resource: (server, uri, deliver) =>
      deliverIf(JSON.stringify([server, uri]), () => maySubscribe(deps, inbound, server, uri), deliver),
    task: (taskId, deliver) =>
      deliverIf(JSON.stringify(['task', taskId]), () => mayFollow(deps, inbound, taskId), deliver),
    server: (server, deliver) => deliverIf(server, () => mayKnow(deps, inbound, server), deliver),
  };
}

/** That a list has changed is told to everybody who listens; every other notification passes the gate. */
export function deliverNotification(
  gate: NotificationGate,
  server: string,
  method: string,
  params: JsonObject,
  deliver: () => void,
): void {
  if (capabilityChangedBy(method) !== undefined) return deliver();
  if (isTaskNotification(method) && typeof params['taskId'] === 'string') return gate.task(params['taskId'], deliver);
  if (method !== NOTIFICATION.resourceUpdated) return gate.server(server, deliver);
  if (typeof params['uri'] === 'string') gate.resource(server, params['uri'], deliver);
}

/** B10: a task may be followed as long as its tool may be called. */
async function mayFollow(deps: EdgeDeps, inbound: InboundMessage, taskId: string): Promise<boolean> {
  return (await judge(deps, toInternalCall(deps, 'subscriptions/task', { taskId }, inbound))).status === 'success';
}

async function mayKnow(deps: EdgeDeps, inbound: InboundMessage, server: string): Promise<boolean> {
  const { status, principal, tenant } = await judge(deps, toInternalCall(deps, 'stream/check', {}, inbound));
  if (status !== 'success' || principal === undefined || tenant === undefined) return false;
  return deps.maySee({ principal, tenant }, server);
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
