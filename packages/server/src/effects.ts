/** What a tool does to the world, and what clients are told of it. */
import type { JsonObject } from '@sallyport/guard';

/**
 * - `read`: changes nothing.
 * - `write`: adds or changes, and takes nothing away.
 * - `delete`: takes something away, or cannot be undone.
 * - `send`: leaves the system: a message, a payment, a request to others.
 *
 * @example
 * ```ts
 * const isSafe = (effect: Effect): boolean => effect === 'read';
 * ```
 */
export type Effect = 'read' | 'write' | 'delete' | 'send';

const ANNOTATIONS: Readonly<Record<Effect, JsonObject>> = {
  read: { readOnlyHint: true, destructiveHint: false, idempotentHint: true, openWorldHint: false },
  write: { readOnlyHint: false, destructiveHint: false, idempotentHint: false, openWorldHint: false },
  delete: { readOnlyHint: false, destructiveHint: true, idempotentHint: false, openWorldHint: false },
  send: { readOnlyHint: false, destructiveHint: false, idempotentHint: false, openWorldHint: true },
};

/** Every effect. */
export const EFFECTS = Object.keys(ANNOTATIONS) as readonly Effect[];

/** Tool annotations (MCP, schema, `ToolAnnotations`). @param idempotent whether a second call changes nothing more. */
export const annotationsOf = (effect: Effect, idempotent: boolean | undefined): JsonObject => ({
  ...ANNOTATIONS[effect],
  ...(idempotent !== undefined && { idempotentHint: idempotent }),
});
