/**
 * Stage 2: for which tenant? It comes from the credential. No header, path or session can choose another one.
 */
import { GuardError } from '../../errors.ts';
import type { Stages } from '../../guard.ts';
import { tenantId, type TenantId } from '../../identifiers.ts';
import { andThen } from '../../maybe-promise.ts';
import type { TenantDirectory } from '../../ports.ts';
import type { Refusals } from '../limit/refusals.ts';
import { checkSession } from './check-session.ts';

/**
 * The tenant of the gateway's own calls, and the log of records that belong to no tenant.
 *
 * @example
 * ```ts
 * const isGateway = ({ tenant }: Identity): boolean => tenant.id === GATEWAY_TENANT;
 * ```
 */
export const GATEWAY_TENANT: TenantId = tenantId('_');

/**
 * The tenant stage.
 *
 * @example
 * ```ts
 * const tenant = createTenant(createMemoryTenants(() => ['acme']), { check: () => {}, charge: () => {} });
 * ```
 */
export function createTenant(tenants: TenantDirectory, refusals: Refusals): Stages['tenant'] {
  return (principal, call) => {
    if (call.credentials.kind === 'gateway') return { id: GATEWAY_TENANT };
    const claim = principal.tenantClaim;
    if (claim === undefined || claim === GATEWAY_TENANT) throw new GuardError('unknown_tenant');
    return andThen(tenants.find(claim), (tenant) => {
      if (tenant === undefined) throw new GuardError('unknown_tenant');
      checkSession(call.session, principal, tenant);
      refusals.check({ principal, tenant });
      return tenant;
    });
  };
}
