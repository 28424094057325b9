/** Errors of PostgreSQL that a caller caused, by the class of their SQLSTATE. All others stay what they are. */
import { ToolError } from '../../errors.ts';
import { timedOut } from '../timed-out.ts';

const CANCELLED = '57014';
const LOCK_NOT_AVAILABLE = '55P03';
const PERMISSION_DENIED = '42501';

/** The text of the database stays inside: it repeats values and names tables. */
export function callerError(cause: unknown): unknown {
  const code = cause instanceof Error && 'code' in cause ? String(cause.code) : '';
  if (code === CANCELLED || code === LOCK_NOT_AVAILABLE) return timedOut(cause);
  if (code === PERMISSION_DENIED && /row-level security/.test((cause as Error).message))
    return new ToolError('PERMISSION_DENIED', 'This row would belong to somebody else.', { cause });
  if (code.startsWith('22')) return new ToolError('INVALID_ARGUMENT', 'A value does not fit its column.', { cause });
  if (code.startsWith('23'))
    return new ToolError('CONFLICT', 'The change breaks a rule of the data, such as a name that is taken.', { cause });
  return cause;
}
