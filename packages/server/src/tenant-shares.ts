/** So many calls of one tenant are under way at most: a tenant with long ones leaves something to others. */
import { ToolError } from './errors.ts';

/** Runs work in the share of a tenant. */
export type Shares = <T>(tenant: string, work: () => Promise<T>) => Promise<T>;

/** @throws ToolError `RATE_LIMITED` when the share of the tenant is used up. */
export function createShares(perTenantMax: number): Shares {
  const underWay = new Map<string, number>();
  return async (tenant, work) => {
    const count = underWay.get(tenant) ?? 0;
    if (count >= perTenantMax)
      throw new ToolError('RATE_LIMITED', 'Too many of your calls are under way.', {
        suggestion: 'Wait for one of them to end.',
        retryAfter: 1,
      });
    underWay.set(tenant, count + 1);
    try {
      return await work();
    } finally {
      const left = (underWay.get(tenant) ?? 1) - 1;
      if (left === 0) underWay.delete(tenant);
      else underWay.set(tenant, left);
    }
  };
}
