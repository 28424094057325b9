import type { Json, JsonObject, McpResult } from '../../call.ts';
import { GuardError } from '../../errors.ts';

const BLOCKS = new Set<Json | undefined>(['text', 'image', 'audio', 'resource', 'resource_link']);
const BLOCKS_MAX = 1_000;

/** A tool result is content blocks of the types that MCP defines; a model is given nothing else. */
export function matchShape({ value }: McpResult): void {
  if (isUnfinished(value)) return;
  const content = value['content'];
  if (!Array.isArray(content)) throw malformed('it has no content');
  if (content.length > BLOCKS_MAX) throw malformed(`it has more than ${BLOCKS_MAX} content blocks`);
  const known = (content as readonly Json[]).every((block) => typeof block === 'object' && block !== null && BLOCKS.has((block as JsonObject)['type']));
  if (!known) throw malformed('a content block has an unknown type');
}

/** `input_required` and task results come instead of content. */
export const isUnfinished = (value: JsonObject): boolean =>
  (value['resultType'] !== undefined && value['resultType'] !== 'complete') || (value['task'] !== undefined && value['content'] === undefined);

const malformed = (why: string): GuardError => new GuardError('output_blocked', { message: `The result is not a tool result: ${why}. The call was executed.` });
