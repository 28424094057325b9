/**
 * A server's result as the client gets it. Since 2026-07-28 a result names its type; a server gives those that its
 * revision knows and that the client can take. An input request in any other place would bypass the guard (A36).
 */
import { isObject, type Era, type McpResult } from '@sallyport/guard';
import { TASKS_EXTENSION } from '@sallyport/server/mcp/meta-keys';
import { resultTypeOf } from '@sallyport/server/mcp/results';
import { sealTasksOfResult } from '../tasks/task-ids.ts';
import { transportFailure } from '../transports/failure.ts';
import type { ServerResult } from '../transports/transport.ts';
import { taskOriginOf, type ServerCall } from './server-call.ts';

/**
 * Task ids are sealed. The server's bytes stay only when nothing in them had to change.
 *
 * @param serverEra of the connection that gave the result.
 * @throws GuardError `upstream_failed` for a result that is neither complete nor a task that the client can follow.
 */
export function clientResult(call: ServerCall, serverEra: Era, { value, bytes }: ServerResult): McpResult {
  const type = resultTypeOf(value);
  if (type !== 'complete' && !(type === 'task' && serverEra === 'modern' && knowsTasks(call)))
    throw transportFailure('a type of result that was not agreed on');
  const sealed = sealTasksOfResult(call.taskSeal, call.permitted.call.method, value, taskOriginOf(call));
  return sealed === value && bytes !== undefined ? { value, bytes } : { value: sealed };
}

function knowsTasks({ channel, clientCapabilities: { extensions } }: ServerCall): boolean {
  return channel.era === 'modern' && isObject(extensions) && extensions[TASKS_EXTENSION] !== undefined;
}
