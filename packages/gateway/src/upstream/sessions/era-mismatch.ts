/** Whether a failure means that the server speaks another era than the gateway remembered. */
import type { Era } from '@sallyport/guard';
import { RPC_ERROR } from '../../mcp/error-codes.ts';
import { remoteErrorOf, transportErrorOf } from '../transports/failure.ts';

/** `repeat`: the server refused before it executed anything. `forget`: it may have executed; forget only its era. */
export type EraMismatch = 'repeat' | 'forget' | undefined;

/** How a server answers that does not know the method, the session or the headers of the other era. */
const MISMATCH_STATUS: ReadonlySet<number> = new Set([400, 405, 406, 415]);

/** @param era that the server was believed to speak. */
export function eraMismatch(era: Era, thrown: unknown): EraMismatch {
  const status = transportErrorOf(thrown)?.status;
  if (status !== undefined && (MISMATCH_STATUS.has(status) || (era === 'modern' && status === 404))) return 'repeat';
  const code = remoteErrorOf(thrown)?.code;
  if (code === RPC_ERROR.unsupportedVersion || (era === 'legacy' && code === RPC_ERROR.headerMismatch)) return 'repeat';
  // The SDK v1 refuses a protocol version with this code, which other servers use for anything.
  return era === 'modern' && code === RPC_ERROR.serverError ? 'forget' : undefined;
}
