/** `tasks/list`: only the tasks that were created over the caller's own sessions. */
import { isObject, type JsonObject, type Log, type McpResult } from '@sallyport/guard';
import { fromEachServer } from '../calls/from-each-server.ts';
import type { ServerCall } from '../calls/server-call.ts';
import type { SessionPool } from '../sessions/pool.ts';
import type { UpstreamSession } from '../sessions/session.ts';
import { gatewayRequest } from '../transports/transport.ts';
import { sealTask } from './task-ids.ts';

const PAGES_MAX = 20;

/** Servers with tasks of the caller are asked. @throws GuardError what the only server failed with. */
export async function listTasks(pool: SessionPool, log: Log, calls: readonly ServerCall[]): Promise<McpResult> {
  const tasks = await fromEachServer(log, calls, async (call) => {
    const sessions = pool
      .sessionsOf(call.settings.name, call.owner)
      .filter(({ taskIds, connection }) => taskIds.size > 0 && connection.era === 'legacy');
    return (await Promise.all(sessions.map((session) => tasksOf(call, session)))).flat();
  });
  return { value: { tasks } };
}

async function tasksOf({ settings, taskSeal }: ServerCall, session: UpstreamSession): Promise<readonly JsonObject[]> {
  if (!isObject(session.connection.profile.capabilities['tasks'])) return [];
  const found: JsonObject[] = [];
  let cursor: string | undefined;
  for (let page = 0; page < PAGES_MAX; page++) {
    const params = cursor === undefined ? {} : { cursor };
    const request = gatewayRequest('tasks/list', params, settings.timeoutMs, settings.resultBytesMax);
    const { value } = await session.connection.request(request);
    const tasks = Array.isArray(value['tasks']) ? (value['tasks'] as readonly unknown[]).filter(isObject) : [];
    // A server without sessions lists the tasks of everybody who comes with the gateway's credentials.
    const own = tasks.filter(({ taskId }) => typeof taskId === 'string' && session.taskIds.has(taskId));
    found.push(
      ...own.flatMap((task): readonly JsonObject[] => [sealTask(taskSeal, task)].filter((one) => one !== undefined)),
    );
    if (typeof value['nextCursor'] !== 'string') break;
    cursor = value['nextCursor'];
  }
  return found;
}
