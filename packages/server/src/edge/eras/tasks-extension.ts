/** The tasks extension of 2026-07-28 (SEP-2663), as a client declares it with each request. */
import { isObject, type JsonObject } from '@sallyport/guard';
import { TASKS_EXTENSION } from '../../mcp/meta-keys.ts';

/** True when the client takes a task in place of a result. */
export const hasTasksExtension = ({ extensions }: JsonObject): boolean =>
  isObject(extensions) && isObject(extensions[TASKS_EXTENSION]);
