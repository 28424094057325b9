/**
 * What a server may say of capabilities to clients: an allow-list, member by member. Whatever else a server writes
 * there is text that nobody approved (B13).
 */
import { isObject, type Json, type JsonObject } from '@sallyport/guard';
import { TASKS_EXTENSION, UI_EXTENSION } from './meta-keys.ts';

/** Members that are flags, by capability. */
const FLAGS = {
  tools: ['listChanged'],
  prompts: ['listChanged'],
  resources: ['subscribe', 'listChanged'],
  completions: [],
  logging: [],
} as const satisfies Readonly<Record<string, readonly string[]>>;

/** Extensions that the gateway knows; their settings are empty objects. */
const EXTENSIONS = [TASKS_EXTENSION, UI_EXTENSION];

/** @returns the part of a server's capabilities that has no text of its own. */
export function knownServerCapabilities(declared: JsonObject): JsonObject {
  const known: Record<string, Json> = {};
  for (const [name, flags] of Object.entries(FLAGS)) {
    const value = declared[name];
    if (isObject(value))
      known[name] = Object.fromEntries(flags.filter((flag) => value[flag] === true).map((flag) => [flag, true]));
  }
  if (isObject(declared['tasks'])) known['tasks'] = knownTasks(declared['tasks']);
  return { ...known, ...knownExtensions(declared) };
}

function knownExtensions({ extensions }: JsonObject): JsonObject {
  const names = isObject(extensions) ? EXTENSIONS.filter((name) => isObject(extensions[name])) : [];
  return names.length === 0 ? {} : { extensions: Object.fromEntries(names.map((name) => [name, {}])) };
}

/** 2025-11-25, tasks. */
function knownTasks({ list, cancel, requests }: JsonObject): JsonObject {
  const tools = isObject(requests) ? requests['tools'] : undefined;
  return {
    ...(isObject(list) && { list: {} }),
    ...(isObject(cancel) && { cancel: {} }),
    ...(isObject(tools) && isObject(tools['call']) && { requests: { tools: { call: {} } } }),
  };
}
