/**
 * Task ids: what the client gets is `server.<sealed>`, bound to the principal, so that nobody else's id opens (A18) and a
 * forged one reaches no server.
 */
import { GuardError, isObject, type Json, type JsonObject, type Sealer } from '@sallyport/guard';
import type { UpstreamSession } from '../sessions/session.ts';
import { META, metaOf } from '../../mcp/meta-keys.ts';

const TASKS_MAX = 1_000;

export interface TaskSeal {
  readonly sealer: Sealer;
  readonly server: string;
  readonly principal: string;
}

const binding = ({ server, principal }: TaskSeal): string => JSON.stringify([server, principal]);

/** One id for one task in every answer and notice: clients know a task by it. */
export function sealTask(seal: TaskSeal, taskId: string): string {
  return `${seal.server}.${seal.sealer.sealName('task', binding(seal), taskId)}`;
}

/** `undefined` for every id that was not sealed for this principal and server. */
export function tryOpenTask(seal: TaskSeal, taskId: Json | undefined): string | undefined {
  const prefix = `${seal.server}.`;
  const sealed = typeof taskId === 'string' && taskId.startsWith(prefix) ? taskId.slice(prefix.length) : taskId;
  return typeof sealed === 'string' ? seal.sealer.open('task', binding(seal), sealed) : undefined;
}

/** @throws GuardError `not_found`, the same for what is absent and for what is somebody else's. */
export function openTask(seal: TaskSeal, taskId: Json | undefined): string {
  const opened = tryOpenTask(seal, taskId);
  if (opened === undefined) throw new GuardError('not_found');
  return opened;
}

const sealIn = (seal: TaskSeal, value: JsonObject): JsonObject =>
  typeof value['taskId'] === 'string' ? { ...value, taskId: sealTask(seal, value['taskId']) } : value;

/** Seals the id in `_meta` that relates a message to a task. The same object when there is none. */
export function sealRelated(seal: TaskSeal, value: JsonObject): JsonObject {
  const meta = metaOf(value);
  const related = meta?.[META.relatedTask];
  return isObject(related) ? { ...value, _meta: { ...meta, [META.relatedTask]: sealIn(seal, related) } } : value;
}

/** The way back: what a client answers names the task as the client knows it. An id that does not open is left out. */
export function openRelated(seal: TaskSeal, value: JsonObject): JsonObject {
  const meta = metaOf(value);
  const related = meta?.[META.relatedTask];
  if (meta === undefined || related === undefined) return value;
  const { [META.relatedTask]: _related, ...rest } = meta;
  const taskId = isObject(related) ? tryOpenTask(seal, related['taskId']) : undefined;
  return { ...value, _meta: taskId === undefined ? rest : { ...rest, [META.relatedTask]: { taskId } } };
}

/** Seals every task id of a result. The same object when there is none, so that its bytes can be passed on. */
export function sealResult(seal: TaskSeal, method: string, value: JsonObject): JsonObject {
  let sealed = sealRelated(seal, value);
  const isTask = method.startsWith('tasks/') || value['resultType'] === 'task';
  if (isTask && typeof value['taskId'] === 'string') sealed = sealIn(seal, sealed);
  const { task } = value;
  if (isObject(task) && typeof task['taskId'] === 'string' && method === 'tools/call' && value['content'] === undefined)
    sealed = { ...sealed, task: sealIn(seal, task) };
  return sealed;
}

export function noteTask(seat: UpstreamSession, value: JsonObject): void {
  const { task } = value;
  const taskId = value['resultType'] === 'task' ? value['taskId'] : isObject(task) ? task['taskId'] : undefined;
  if (typeof taskId !== 'string') return;
  seat.taskIds.add(taskId);
  const oldest = seat.taskIds.values().next().value;
  if (seat.taskIds.size > TASKS_MAX && oldest !== undefined) seat.taskIds.delete(oldest);
}

/** Only what was made over this link is listed: a server without sessions knows all tasks of the gateway's credentials. */
export function sealTaskList(seal: TaskSeal, seat: UpstreamSession, tasks: Json | undefined): JsonObject[] {
  if (!Array.isArray(tasks)) return [];
  return (tasks as readonly Json[])
    .filter(isObject)
    .filter(({ taskId }) => typeof taskId === 'string' && seat.taskIds.has(taskId))
    .map((task) => sealIn(seal, task));
}
