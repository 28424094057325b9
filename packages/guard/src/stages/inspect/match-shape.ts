import type { Json, JsonObject } from '../../call.ts';
import { isObject } from '../../json/is-object.ts';
import { GuardError } from '../../errors.ts';

const BLOCK_TYPES = new Set<Json | undefined>(['text', 'image', 'audio', 'resource', 'resource_link']);
const BLOCKS_MAX = 1_000;

/** @throws GuardError `output_blocked` unless a tool result has only content blocks of the types that MCP defines. */
export function matchShape(value: JsonObject): void {
  const type = value['resultType'];
  if (type !== undefined && type !== 'complete' && !UNFINISHED.has(type)) throw malformed('its resultType is unknown');
  if (isUnfinished(value)) return;
  const content = value['content'];
  if (!Array.isArray(content)) throw malformed('it has no content');
  if (content.length > BLOCKS_MAX) throw malformed(`it has more than ${BLOCKS_MAX} content blocks`);
  const known = (content as readonly Json[]).every((block) => isObject(block) && BLOCK_TYPES.has(block['type']));
  if (!known) throw malformed('a content block has an unknown type');
}

const UNFINISHED = new Set<Json>(['input_required', 'task']);

/** A question or a task stands in for content. A value with content is a result, whatever its `resultType`. */
export const isUnfinished = (value: JsonObject): boolean =>
  (value['content'] === undefined || value['content'] === null) &&
  value['structuredContent'] === undefined &&
  (UNFINISHED.has(value['resultType'] ?? 'complete') || value['task'] !== undefined);

const malformed = (why: string): GuardError =>
  new GuardError('output_blocked', { message: `The result is not a tool result: ${why}. The call was executed.` });
