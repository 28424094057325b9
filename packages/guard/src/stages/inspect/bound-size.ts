import type { McpResult } from '../../call.ts';
import { GuardError } from '../../errors.ts';

/** A result larger than the server's limit is not passed on. */
export function boundSize(result: McpResult, maxBytes: number): void {
  const bytes = result.bytes?.length ?? Buffer.byteLength(JSON.stringify(result.value));
  if (bytes > maxBytes)
    throw new GuardError('output_blocked', {
      message: `The result is larger than ${maxBytes} bytes. The call was executed.`,
    });
}
