/**
 * Ids of tasks. A client gets `server.<sealed id>`, bound to its principal and the server: nobody else's id opens
 * (A18), and a forged one reaches no server.
 */
import { GuardError, isObject, type Json, type JsonObject, type PrincipalKey, type Sealer } from '@sallyport/guard';
import { META, metaOf } from '../../mcp/meta-keys.ts';
import { isTaskResult, resultTypeOf } from '../../mcp/results.ts';
import type { UpstreamSession } from '../sessions/session.ts';

const TASKS_MAX = 1_000;

/** What task ids are sealed with, and what they are bound to. */
export interface TaskSeal {
  readonly sealer: Sealer;
  readonly server: string;
  readonly principal: PrincipalKey;
}

const binding = ({ server, principal }: TaskSeal): string => JSON.stringify([server, principal]);

/** The same task always gets the same id, in every result and notification: clients recognise a task by it. */
export function sealTaskId(seal: TaskSeal, taskId: string): string {
  return `${seal.server}.${seal.sealer.sealName('task', binding(seal), taskId)}`;
}

/** @returns the server's own id; `undefined` for every id that was not sealed for this principal and server. */
export function tryOpenTaskId(seal: TaskSeal, taskId: Json | undefined): string | undefined {
  const prefix = `${seal.server}.`;
  const sealed = typeof taskId === 'string' && taskId.startsWith(prefix) ? taskId.slice(prefix.length) : taskId;
  return typeof sealed === 'string' ? seal.sealer.open('task', binding(seal), sealed) : undefined;
}

/** @throws GuardError `not_found`, the same for an id that does not exist and for one that is somebody else's. */
export function openTaskId(seal: TaskSeal, taskId: Json | undefined): string {
  const opened = tryOpenTaskId(seal, taskId);
  if (opened === undefined) throw new GuardError('not_found');
  return opened;
}

/** Seals the `taskId` member of a task. The same object when it has none. */
export const sealTask = (seal: TaskSeal, task: JsonObject): JsonObject =>
  typeof task['taskId'] === 'string' ? { ...task, taskId: sealTaskId(seal, task['taskId']) } : task;

/** Seals the id in `_meta` that relates a message to a task (2025-11-25, tasks). The same object when there is none. */
export function sealRelatedTask(seal: TaskSeal, message: JsonObject): JsonObject {
  const meta = metaOf(message);
  const related = meta?.[META.relatedTask];
  return isObject(related) ? { ...message, _meta: { ...meta, [META.relatedTask]: sealTask(seal, related) } } : message;
}

/** The reverse, for what a client answers. An id that does not open is left out. */
export function openRelatedTask(seal: TaskSeal, message: JsonObject): JsonObject {
  const meta = metaOf(message);
  const related = meta?.[META.relatedTask];
  if (meta === undefined || related === undefined) return message;
  const { [META.relatedTask]: _related, ...rest } = meta;
  const taskId = isObject(related) ? tryOpenTaskId(seal, related['taskId']) : undefined;
  return { ...message, _meta: taskId === undefined ? rest : { ...rest, [META.relatedTask]: { taskId } } };
}

/** Seals every task id of a result. The same object when there is none, so that its bytes can be passed on. */
export function sealTasksOfResult(seal: TaskSeal, method: string, result: JsonObject): JsonObject {
  let sealed = sealRelatedTask(seal, result);
  if (isTaskResult(method, result)) sealed = sealTask(seal, sealed);
  const { task } = result;
  if (
    isObject(task) &&
    typeof task['taskId'] === 'string' &&
    method === 'tools/call' &&
    result['content'] === undefined
  )
    sealed = { ...sealed, task: sealTask(seal, task) };
  return sealed;
}

/** Remembers the task that a result has created, if any: only remembered tasks are listed. */
export function rememberTask({ taskIds }: UpstreamSession, result: JsonObject): void {
  const { task } = result;
  const created = isObject(task) ? task : {};
  const taskId = resultTypeOf(result) === 'task' ? result['taskId'] : created['taskId'];
  if (typeof taskId !== 'string') return;
  taskIds.add(taskId);
  const oldest = taskIds.values().next().value;
  if (taskIds.size > TASKS_MAX && oldest !== undefined) taskIds.delete(oldest);
}
