/** Stage 2: for whom? The tenant comes from the credential; no header, path or session can choose another one. */
import type { Call, Principal, Tenant } from '../../call.ts';
import { tenantId, type TenantId } from '../../identifiers.ts';
import { GuardError } from '../../errors.ts';
import type { Stages } from '../../guard.ts';
import type { TenantDirectory } from '../../ports.ts';
import type { Refusals } from '../limit/refusals.ts';
import { checkSession } from './session-bound.ts';

/** The tenant of the gateway's own calls. */
export const GATEWAY_TENANT: TenantId = tenantId('_');

export function createTenant(tenants: TenantDirectory, refusals: Refusals): Stages['tenant'] {
  const settle = (tenant: Tenant | undefined, principal: Principal, call: Call): Tenant => {
    if (tenant === undefined) throw new GuardError('unknown_tenant');
    checkSession(call.session, principal, tenant);
    refusals.check({ principal, tenant });
    return tenant;
  };
  return (principal, call) => {
    if (call.credentials.kind === 'gateway') return { id: GATEWAY_TENANT };
    const claim = principal.tenantClaim;
    if (claim === undefined || claim === GATEWAY_TENANT) throw new GuardError('unknown_tenant');
    const found = tenants.find(claim);
    return found instanceof Promise
      ? found.then((tenant) => settle(tenant, principal, call))
      : settle(found, principal, call);
  };
}
