/** H9: a principal has so many long streams open and no more. */
import { GuardError } from '@sallyport/guard';
import type { HttpEdgeContext } from './context.ts';

/** @throws GuardError `rate_limited` when all are taken. @returns what {@link releaseStreamSlot} needs. */
export function takeStreamSlot(door: Pick<HttpEdgeContext, 'streams' | 'settings'>, key: string): string {
  const open = door.streams.get(key) ?? 0;
  if (open >= door.settings().streamsPerPrincipalMax)
    throw new GuardError('rate_limited', {
      message: 'There are too many open streams of this caller.',
      retryAfterSeconds: 10,
    });
  door.streams.set(key, open + 1);
  return key;
}

export function releaseStreamSlot({ streams }: Pick<HttpEdgeContext, 'streams'>, key: string): void {
  const left = (streams.get(key) ?? 1) - 1;
  if (left > 0) streams.set(key, left);
  else streams.delete(key);
}
