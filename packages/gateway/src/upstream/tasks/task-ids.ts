/**
 * Ids of tasks. A client gets `server.<sealed id>`, bound to its principal and the server: nobody else's id opens
 * (A18), and a forged one reaches no server. It holds the tool, the pin and the arguments of the call that made the
 * task, and when it expires, so that the guard can judge the call again (B10).
 */
import {
  GuardError,
  isObject,
  type BoundedMap,
  type Clock,
  type Json,
  type JsonObject,
  type PrincipalKey,
  type Sealer,
  type TaskDirectory,
  type TaskOrigin,
} from '@sallyport/guard';
import { META, metaOf } from '@sallyport/server/mcp/meta-keys';
import { isTaskResult, resultTypeOf } from '@sallyport/server/mcp/results';
import type { UpstreamSession } from '../sessions/session.ts';

const TASKS_MAX = 1_000;
/** Ids of all clients that are remembered. */
export const GIVEN_IDS_MAX = 10_000;
/** However long a server promises to keep a task. */
const TASK_MS_MAX = 24 * 60 * 60_000;
/** Ids are sent in headers too. */
const INPUT_CHARACTERS_MAX = 1_024;

/** What task ids are sealed with, and what they are bound to. */
export interface TaskSeal {
  readonly sealer: Sealer;
  readonly server: string;
  readonly principal: PrincipalKey;
  readonly clock: Clock;
  /** Ids that were given out or came back, by `nameKey`: a client recognises a task by its id. */
  readonly given: BoundedMap<string, string>;
}

/** What an id holds: the server's own id, the tool, its pin, the expiry and the arguments. */
type SealedTask = readonly [id: string, tool: string, digest: string, expiresAtMs: number, input: JsonObject | null];

type Binding = Pick<TaskSeal, 'server' | 'principal'>;
const binding = ({ server, principal }: Binding): string => JSON.stringify([server, principal]);
const nameKey = (seal: Binding, taskId: string): string => JSON.stringify([seal.server, seal.principal, taskId]);

/** The tasks of the clients, as their ids tell. */
export const createTaskDirectory = (sealer: Sealer, clock: Clock): TaskDirectory => ({
  find: (principal, server, taskId) => {
    const opened = openSealed(sealer, clock, { principal, server }, taskId);
    return opened && { tool: opened[1], digest: opened[2], input: opened[4] ?? undefined };
  },
});

function openSealed(sealer: Sealer, clock: Clock, bound: Binding, taskId: Json | undefined): SealedTask | undefined {
  if (typeof taskId !== 'string') return undefined;
  const prefix = `${bound.server}.`;
  const sealed = taskId.startsWith(prefix) ? taskId.slice(prefix.length) : taskId;
  const opened = sealer.open('task', binding(bound), sealed);
  // Ids of the first releases held nothing but the server's own id.
  if (opened === undefined || !opened.startsWith('[')) return undefined;
  const task = JSON.parse(opened) as SealedTask;
  return clock.now() <= task[3] ? task : undefined;
}

/** Gives a new task its id. @param ttlMs how long the server keeps it; `undefined` when it did not say. */
export function nameTask(seal: TaskSeal, taskId: string, ttlMs: number | undefined, origin: TaskOrigin): void {
  const key = nameKey(seal, taskId);
  const input = origin.input !== undefined && JSON.stringify(origin.input).length <= INPUT_CHARACTERS_MAX;
  const expiresAtMs = seal.clock.now() + Math.min(ttlMs ?? TASK_MS_MAX, TASK_MS_MAX);
  const task: SealedTask = [taskId, origin.tool, origin.digest, expiresAtMs, input ? (origin.input ?? null) : null];
  seal.given.set(key, `${seal.server}.${seal.sealer.sealName('task', binding(seal), JSON.stringify(task))}`);
}

/** The id under which the client knows a task; `undefined` when none was given out. */
export const sealTaskId = (seal: TaskSeal, taskId: string): string | undefined => seal.given.get(nameKey(seal, taskId));

/** @returns the server's own id; `undefined` for every id that does not open for this principal and server. */
export function tryOpenTaskId(seal: TaskSeal, taskId: Json | undefined): string | undefined {
  const task = openSealed(seal.sealer, seal.clock, seal, taskId);
  if (task === undefined || typeof taskId !== 'string') return undefined;
  const id = taskId.startsWith(`${seal.server}.`) ? taskId : `${seal.server}.${taskId}`;
  if (!seal.given.has(nameKey(seal, task[0]))) seal.given.set(nameKey(seal, task[0]), id);
  return task[0];
}

/** @throws GuardError `not_found`, the same for an id that does not exist and for one that is somebody else's. */
export function openTaskId(seal: TaskSeal, taskId: Json | undefined): string {
  const opened = tryOpenTaskId(seal, taskId);
  if (opened === undefined) throw new GuardError('not_found');
  return opened;
}

/** Seals the `taskId` member of a task. `undefined` for a task that was not given to this client. */
export function sealTask(seal: TaskSeal, task: JsonObject): JsonObject | undefined {
  const { taskId } = task;
  if (typeof taskId !== 'string') return task;
  const id = sealTaskId(seal, taskId);
  return id === undefined ? undefined : { ...task, taskId: id };
}

/** Seals the id in `_meta` that relates a message to a task (2025-11-25, tasks). The same object when there is none. */
export function sealRelatedTask(seal: TaskSeal, message: JsonObject): JsonObject {
  const meta = metaOf(message);
  const related = meta?.[META.relatedTask];
  if (meta === undefined || !isObject(related)) return message;
  const sealed = sealTask(seal, related);
  const { [META.relatedTask]: _related, ...rest } = meta;
  return { ...message, _meta: sealed === undefined ? rest : { ...rest, [META.relatedTask]: sealed } };
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

/**
 * Seals every task id of a result. The same object when there is none, so that its bytes can be passed on.
 *
 * @param origin of a call to a tool, which may have made a task.
 */
export function sealTasksOfResult(
  seal: TaskSeal,
  method: string,
  result: JsonObject,
  origin: TaskOrigin | undefined,
): JsonObject {
  const { task } = result;
  const isTask = isTaskResult(method, result);
  const inner =
    isObject(task) && typeof task['taskId'] === 'string' && method === 'tools/call' && result['content'] === undefined
      ? task
      : undefined;
  if (origin !== undefined && isTask) nameTaskOf(seal, result, origin);
  if (origin !== undefined && inner !== undefined) nameTaskOf(seal, inner, origin);
  let sealed = sealRelatedTask(seal, result);
  if (isTask) sealed = sealTask(seal, sealed) ?? withoutTaskId(sealed);
  if (inner !== undefined) sealed = { ...sealed, task: sealTask(seal, inner) ?? withoutTaskId(inner) };
  return sealed;
}

/** 2025-11-25 calls it `ttl`, the extension `ttlMs`. */
function nameTaskOf(seal: TaskSeal, task: JsonObject, origin: TaskOrigin): void {
  const { taskId, ttl, ttlMs = ttl } = task;
  if (typeof taskId !== 'string') return;
  nameTask(seal, taskId, typeof ttlMs === 'number' && ttlMs >= 0 ? ttlMs : undefined, origin);
}

function withoutTaskId({ taskId: _taskId, ...rest }: JsonObject): JsonObject {
  return rest;
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
