/**
 * Kinds of results (2026-07-28): a server gives those that its revision knows and that this client can take. A question in
 * any other place would reach the client without having been through the guard.
 */
import { isObject, type Era, type JsonObject } from '@sallyport/guard';
import { transportFailure } from '../transports/failure.ts';
import type { Run } from '../calls/run.ts';
import { TASKS_EXTENSION } from '../../mcp/meta-keys.ts';

const knowsTasks = ({ relay, capabilities: { extensions } }: Run): boolean =>
  relay.era === 'modern' && isObject(extensions) && extensions[TASKS_EXTENSION] !== undefined;

/** @param era of the server. @throws GuardError `upstream_failed` for what is neither complete nor a task that the client can follow. */
export function requireResultType(run: Run, era: Era, value: JsonObject): void {
  const type = value['resultType'] ?? 'complete';
  if (type === 'complete' || (type === 'task' && era === 'modern' && knowsTasks(run))) return;
  throw transportFailure('a kind of result that was not agreed on');
}
