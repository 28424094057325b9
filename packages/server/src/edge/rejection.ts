/** Messages that were refused before they became a call are recorded as well, over either transport. */
import type { ErrorCode } from '@sallyport/guard';
import { addressRule } from '@sallyport/guard/stages';
import type { EdgeDeps, EdgeSnapshot } from './deps.ts';

/** Anybody can cause such a record without a credential, so the records that one address can cause are bounded. */
export function recordRejection(
  { limiter, rejected }: Pick<EdgeDeps, 'limiter' | 'rejected'>,
  { gateway }: EdgeSnapshot,
  code: ErrorCode,
  correlationId: string,
  address: string,
): void {
  const rule = addressRule(address, gateway.addressLimitPerMinute);
  void Promise.resolve(limiter.take([{ ...rule, key: `rejected ${rule.key}` }])).then(
    ({ allowed }) => {
      if (allowed) rejected(code, correlationId, address);
    },
    () => {},
  );
}
