/** What a caller reads when its statement was ended. */
import { ToolError } from '../errors.ts';

/** The statement took longer than its time limit. */
export const timedOut = (cause?: unknown): ToolError =>
  new ToolError('TIMEOUT', 'The database did not finish in time.', {
    suggestion: 'Ask for less: fewer rows or a shorter period.',
    cause,
  });
