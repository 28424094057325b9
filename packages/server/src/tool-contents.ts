/** Answers of tools that are more than text or one object: pictures, sound, embedded resources, links. */
import type { JsonObject } from '@sallyport/guard';

/**
 * Content blocks (MCP, schema, `ContentBlock`), made by {@link toolContents}.
 *
 * @example
 * ```ts
 * const count = ({ blocks }: ToolContents): number => blocks.length;
 * ```
 */
export interface ToolContents {
  readonly blocks: readonly JsonObject[];
  /** For programs, beside the blocks. */
  readonly structured: unknown;
}

const made = new WeakSet<object>();

/**
 * An answer of content blocks.
 *
 * @param structured goes to programs as structured content; it must match the output schema of the tool, if it has one.
 * @example
 * ```ts
 * const picture = toolContents([{ type: 'image', data: 'iVBORw0KGgo=', mimeType: 'image/png' }]);
 * ```
 */
export function toolContents(blocks: readonly JsonObject[], structured?: unknown): ToolContents {
  const contents = Object.freeze({ blocks, structured });
  made.add(contents);
  return contents;
}

/** Whether an answer was made by {@link toolContents}. */
export const isToolContents = (answer: unknown): answer is ToolContents =>
  typeof answer === 'object' && answer !== null && made.has(answer);
