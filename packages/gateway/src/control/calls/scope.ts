/** Whose audit logs are read: those of the caller's tenant, or the gateway's own, which belong to no tenant. */
import { z } from 'zod';
import type { ApiCaller } from '../api/access.ts';
import { ApiProblem } from '../problem.ts';

/** The log of starts, reloads, weakenings and requests that were refused before they became calls. */
export const GATEWAY_OWN = '_';

/** Of every query of records. */
export const SCOPE = {
  scope: z
    .enum(['tenant', 'gateway'])
    .default('tenant')
    .describe('`gateway`: what belongs to no tenant, for auditors and admins of every tenant.'),
};

/** @throws ApiProblem for a caller whose role is bound to some tenants only. */
export function logOwner({ tenant, installationRoles }: ApiCaller, scope: 'tenant' | 'gateway'): string {
  if (scope === 'tenant') return tenant.id;
  if (!installationRoles.has('auditor'))
    throw new ApiProblem('PERMISSION_DENIED', { detail: 'This needs the role auditor of every tenant.' });
  return GATEWAY_OWN;
}
