/** The long sends: a caller listens until it goes away. What it hears comes over links of its own. */
import { isObject, type Json, type JsonObject, type McpResult } from '@sallyport/guard';
import { ownerOf } from '../sessions/session.ts';
import { reasonOf } from '../transports/failure.ts';
import { onSession, type CallDeps, type Run } from '../calls/run.ts';
import type { SubscriptionFilter } from '../notifications/subscribers.ts';
import { tryOpenTask, type TaskSeal } from '../calls/tasks.ts';
import type { UpstreamSubscriptions } from './upstream-subscriptions.ts';
import { LIST_CHANGES } from '../../mcp/lists.ts';

/** Resolves when the caller goes away. Servers that cannot be reached are heard once they can be. */
export async function subscribe(
  bridge: CallDeps,
  watches: UpstreamSubscriptions,
  runs: readonly Run[],
): Promise<McpResult> {
  const [first] = runs;
  if (first === undefined) return { value: {} };
  const { signal } = first.permitted.call;
  const owner = ownerOf(first.permitted);
  const leave: (() => void)[] = [];
  const gone = new Promise<void>((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener('abort', () => resolve(), { once: true });
  });
  for (const run of runs) {
    const { name: server } = run.settings;
    leave.push(
      bridge.ears.add({ server, owner, permitted: run.permitted, relay: run.relay, wishes: wishesOf(bridge, run) }),
    );
    void begin(bridge, watches, run);
  }
  await gone;
  for (const remove of leave) remove();
  for (const { settings } of runs) watches.refresh(bridge, settings.name, owner);
  return { value: {} };
}

/** A legacy client's links are opened by its calls; for a modern client, listening may be the first thing it does. */
async function begin(bridge: CallDeps, watches: UpstreamSubscriptions, run: Run): Promise<void> {
  const { name: server } = run.settings;
  const owner = ownerOf(run.permitted);
  const known = bridge.links.sessionsOf(server, owner).length > 0;
  try {
    if (!known && (run.relay.era === 'modern' || bridge.links.eras.get(server) === 'modern'))
      await onSession(bridge, run, () => Promise.resolve());
    if (!run.permitted.call.signal.aborted) watches.refresh(bridge, server, owner);
  } catch (thrown) {
    bridge.log('warn', 'a server cannot be listened to', { server, why: reasonOf(thrown) });
  }
}

function wishesOf(bridge: CallDeps, { permitted: { call }, settings, seal }: Run): SubscriptionFilter {
  if (call.method === 'stream/listen')
    return { tools: true, prompts: true, resources: true, uris: new Set(), tasks: new Set(), everything: true };
  const filter: JsonObject = isObject(call.params['notifications']) ? call.params['notifications'] : {};
  const wanted = Array.isArray(filter['resourceSubscriptions']) ? filter['resourceSubscriptions'] : [];
  // What is not in the catalogue does not exist, here as everywhere (S7).
  const known = wanted.filter(
    (uri): uri is string =>
      typeof uri === 'string' &&
      bridge.definitions.find({ kind: 'resource', server: settings.name, name: uri }) !== undefined,
  );
  return {
    tools: filter[LIST_CHANGES.tools.filter] === true,
    prompts: filter[LIST_CHANGES.prompts.filter] === true,
    resources: filter[LIST_CHANGES.resources.filter] === true,
    uris: new Set(known.slice(0, 1_000)),
    tasks: tasksOf(seal, filter),
    everything: false,
  };
}

/** Ids that do not open are somebody else's, or another server's: they are not listened to, and nothing says so. */
function tasksOf(seal: TaskSeal, { taskIds }: JsonObject): ReadonlySet<string> {
  const given = Array.isArray(taskIds) ? (taskIds as readonly Json[]).slice(0, 1_000) : [];
  return new Set(given.flatMap((taskId) => tryOpenTask(seal, taskId) ?? []));
}
