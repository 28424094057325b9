/** What is refused before it is a call has a record all the same, by whichever door it came. */
import type { ErrorCode } from '@sallyport/guard';
import { addressRule } from '@sallyport/guard/stages';
import type { EdgeDeps } from './deps.ts';

/** Refusals cost nobody a credential, so what one address can write into the record with them is bounded. */
export function recordRejection(
  { limiter, settings, rejected }: Pick<EdgeDeps, 'limiter' | 'settings' | 'rejected'>,
  {
    code,
    correlationId,
    address,
  }: { readonly code: ErrorCode; readonly correlationId: string; readonly address: string },
): void {
  const rule = addressRule(address, settings().addressLimitPerMinute);
  void Promise.resolve(limiter.take([{ ...rule, key: `rejected ${rule.key}` }])).then(
    ({ allowed }) => {
      if (allowed) rejected(code, correlationId, address);
    },
    () => {},
  );
}
