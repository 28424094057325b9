/** A13, B10: a notification is delivered only to a client that may know of its subject now. */
import { BoundedMap, spendPermit, type Definition, type JsonObject } from '@sallyport/guard';
import type { EdgeDeps } from '../deps.ts';
import type { InboundMessage } from '../exchange/inbound-message.ts';
import { toInternalCall } from '../exchange/to-call.ts';
import { capabilityChangedBy } from '../../mcp/lists.ts';
import { isTaskNotification, NOTIFICATION } from '../../mcp/notifications.ts';
import { clientUri } from '../names/spelling.ts';
import { judge, RECHECK_MS } from './reauthorize.ts';

const VERDICTS_MAX = 1_000;

/** What a notification is about, under the server's own names. */
export interface NotificationSubject {
  readonly server: string;
  readonly method: string;
  /** Without its text: see {@link subjectOf}. */
  readonly params: JsonObject;
}

/** Each function tells whether the client may know of a subject now. */
export interface NotificationGate {
  /** The update of a resource. @param server the server that the resource belongs to. */
  resource(server: string, uri: string): Promise<boolean>;
  /**
   * The state of a task. @param taskId as the client knows it. @param params of the notification: a result in them must
   * match the schema of the tool, as in any answer.
   */
  task(taskId: string, params: JsonObject): Promise<boolean>;
  /** Anything else that a server says, such as a log message. */
  server(server: string): Promise<boolean>;
}

interface Verdict {
  readonly expiresAtMs: number;
  readonly allowed: Promise<boolean>;
}

/** A verdict is used again for {@link RECHECK_MS}. */
export function createNotificationGate(deps: EdgeDeps, inbound: InboundMessage): NotificationGate {
  const verdicts = new BoundedMap<string, Verdict>(VERDICTS_MAX);
  const verdictOn = (key: string, judgeSubject: () => Promise<boolean>): Promise<boolean> => {
    const nowMs = deps.steadyClock.now();
    let verdict = verdicts.get(key);
    if (verdict === undefined || verdict.expiresAtMs <= nowMs) {
      const allowed = judgeSubject().catch(() => false);
      verdict = { expiresAtMs: nowMs + RECHECK_MS, allowed };
      verdicts.set(key, verdict);
    }
    return verdict.allowed;
  };
  return {
    resource: (server, uri) => verdictOn(JSON.stringify([server, uri]), () => maySubscribe(deps, inbound, server, uri)),
    task: (taskId, params) =>
      params['result'] === undefined
        ? verdictOn(JSON.stringify(['task', taskId]), () => mayFollow(deps, inbound, taskId, {}))
        : mayFollow(deps, inbound, taskId, params).catch(() => false),
    server: (server) => verdictOn(server, () => mayKnow(deps, inbound, server)),
  };
}

/**
 * Whether the client may be told of a subject now. That a list has changed is told to everybody who listens.
 *
 * @param params of the notification.
 */
export function mayReceive(
  gate: NotificationGate,
  { server, method }: Pick<NotificationSubject, 'server' | 'method'>,
  params: JsonObject,
): Promise<boolean> | true {
  if (capabilityChangedBy(method) !== undefined) return true;
  const { taskId, uri } = params;
  if (isTaskNotification(method) && typeof taskId === 'string') return gate.task(taskId, params);
  if (method !== NOTIFICATION.resourceUpdated) return gate.server(server);
  return typeof uri === 'string' ? gate.resource(server, uri) : Promise.resolve(false);
}

/** Calls `deliver` when a verdict lets it. */
export function deliverWhen(allowed: Promise<boolean> | true, deliver: () => void): void {
  if (allowed === true) deliver();
  else
    void allowed.then((isAllowed) => {
      if (isAllowed) deliver();
    });
}

/** What is kept with a message, so that it can be judged again. */
export function subjectOf(server: string, method: string, { taskId, uri }: JsonObject): NotificationSubject {
  return { server, method, params: { ...(taskId !== undefined && { taskId }), ...(uri !== undefined && { uri }) } };
}

/** B10: a task may be followed as long as its tool may be called. J12: and its result is judged as that of a call. */
async function mayFollow(deps: EdgeDeps, inbound: InboundMessage, taskId: string, state: JsonObject): Promise<boolean> {
  const call = toInternalCall(deps, 'subscriptions/task', { taskId }, inbound);
  const outcome = await deps.guard.run(call, async (permit) => {
    spendPermit(permit);
    return { value: state };
  });
  return outcome.status === 'success';
}

async function mayKnow(deps: EdgeDeps, inbound: InboundMessage, server: string): Promise<boolean> {
  const { status, principal, tenant } = await judge(deps, toInternalCall(deps, 'stream/check', {}, inbound));
  if (status !== 'success' || principal === undefined || tenant === undefined) return false;
  return deps.snapshot().servers.includes(server) && deps.maySee({ principal, tenant }, server);
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
