import type { Json, JsonObject } from '../../call.ts';
import { GuardError } from '../../errors.ts';

const BLOCKS = new Set<Json | undefined>(['text', 'image', 'audio', 'resource', 'resource_link']);
const BLOCKS_MAX = 1_000;

/** A tool result is content blocks of the types that MCP defines; a model is given nothing else. */
export function matchShape(value: JsonObject): void {
  const type = value['resultType'];
  if (type !== undefined && type !== 'complete' && !COMES_INSTEAD.has(type))
    throw malformed('its resultType is unknown');
  if (isUnfinished(value)) return;
  const content = value['content'];
  if (!Array.isArray(content)) throw malformed('it has no content');
  if (content.length > BLOCKS_MAX) throw malformed(`it has more than ${BLOCKS_MAX} content blocks`);
  const known = (content as readonly Json[]).every(
    (block) => typeof block === 'object' && block !== null && BLOCKS.has((block as JsonObject)['type']),
  );
  if (!known) throw malformed('a content block has an unknown type');
}

const COMES_INSTEAD = new Set<Json>(['input_required', 'task']);

/** A question and a task come instead of content: what has content beside them is a result, whatever it calls itself. */
export const isUnfinished = (value: JsonObject): boolean =>
  value['content'] === undefined &&
  value['structuredContent'] === undefined &&
  (COMES_INSTEAD.has(value['resultType'] ?? 'complete') || value['task'] !== undefined);

const malformed = (why: string): GuardError =>
  new GuardError('output_blocked', { message: `The result is not a tool result: ${why}. The call was executed.` });
