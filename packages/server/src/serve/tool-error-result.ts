import type { JsonObject } from '@sallyport/guard';
import type { ToolError } from '../errors.ts';

/** A ToolError as a tool result: text that a model can act on, and the same for programs, as refusals have it. */
export function toolErrorResult(
  { code, message, suggestion, retryAfter }: ToolError,
  correlationId: string,
): JsonObject {
  const text = [
    `${code}: ${message}`,
    suggestion,
    retryAfter === undefined ? undefined : `Retry after ${retryAfter} s.`,
  ]
    .filter((part) => part !== undefined)
    .join(' ');
  return {
    content: [{ type: 'text', text }],
    structuredContent: {
      error_code: code,
      message,
      ...(suggestion !== undefined && { suggestion }),
      ...(retryAfter !== undefined && { retry_after: retryAfter }),
      correlation_id: correlationId,
    },
    isError: true,
  };
}
