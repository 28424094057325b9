import type { McpResult } from '../../call.ts';
import { GuardError } from '../../errors.ts';

/** @throws GuardError `output_blocked` for a result that is larger than the server's limit. */
export function boundSize(result: McpResult, bytesMax: number): void {
  const bytes = result.bytes?.length ?? Buffer.byteLength(JSON.stringify(result.value));
  if (bytes > bytesMax)
    throw new GuardError('output_blocked', {
      message: `The result is larger than ${bytesMax} bytes. The call was executed.`,
    });
}
