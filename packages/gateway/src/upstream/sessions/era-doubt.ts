/** Does a failure mean that the server speaks another era than was remembered? */
import type { Era } from '@sallyport/guard';
import { transportErrorOf, remoteErrorOf } from '../transports/failure.ts';

/** `repeat`: the server refused before it executed anything. `forget`: it may have, but ask it anew next time. */
export type Doubt = 'repeat' | 'forget' | undefined;

/** What a server answers that does not know the method, the session or the headers of the other era. */
const STATUS: ReadonlySet<number> = new Set([400, 405, 406, 415]);
const UNSUPPORTED_VERSION = -32022;
const HEADER_MISMATCH = -32020;

export function eraDoubt(era: Era, thrown: unknown): Doubt {
  const status = transportErrorOf(thrown)?.status;
  if (status !== undefined && (STATUS.has(status) || (era === 'modern' && status === 404))) return 'repeat';
  const code = remoteErrorOf(thrown)?.code;
  if (code === UNSUPPORTED_VERSION || (era === 'legacy' && code === HEADER_MISMATCH)) return 'repeat';
  // The v1 SDK says "unsupported protocol version" with -32000, which other servers use for anything.
  return era === 'modern' && code === -32000 ? 'forget' : undefined;
}
