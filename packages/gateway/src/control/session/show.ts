/** `GET /api/v1/session`: who the caller is, and what they may do. */
import { asObject } from '@sallyport/guard';
import { z } from 'zod';
import type { ApiCaller } from '../api/access.ts';
import { ROLES } from '../api/access.ts';
import { route } from '../api/route.ts';
import type { ApiDeps } from '../deps.ts';

const role = z.enum(ROLES);

/** A caller as the dashboard shows it. */
export const sessionSchema = z
  .object({
    user: z.object({
      issuer: z.string(),
      subject: z.string(),
      name: z.string().optional(),
      email: z.string().optional(),
    }),
    tenant: z.string(),
    tenants: z.array(z.string()).describe('In which the caller may act.'),
    roles: z.array(role).describe('In this tenant, with those that they contain.'),
    installation_roles: z.array(role).describe('For what belongs to the whole installation.'),
    csrf_token: z.string().optional().describe('For `X-CSRF-Token`; absent without a session.'),
    expires_at: z.iso.datetime().optional(),
    auth_time: z.iso.datetime().optional().describe('When the person last proved who they are, if the issuer says it.'),
    acr: z.string().optional(),
    demo: z.boolean(),
  })
  .meta({ id: 'Session' });

/** The JSON of a caller. */
export function sessionView({ principal, tenant, roles, installationRoles, session }: ApiCaller, demo: boolean) {
  const { issuer, subject, claims } = principal.user;
  const { name, email } = asObject(claims);
  const isKnown = session !== undefined && session.authTimeMs > 0;
  return {
    user: {
      issuer,
      subject,
      ...(typeof name === 'string' && { name }),
      ...(typeof email === 'string' && { email }),
    },
    tenant: tenant.id,
    tenants: session === undefined ? [tenant.id] : [...session.tenants],
    roles: [...roles],
    installation_roles: [...installationRoles],
    ...(session !== undefined && {
      csrf_token: session.csrfToken,
      expires_at: new Date(session.expiresAtMs).toISOString(),
    }),
    ...(isKnown && { auth_time: new Date(session.authTimeMs).toISOString() }),
    ...(session?.acr !== undefined && { acr: session.acr }),
    demo,
  };
}

/** For everybody with a credential. */
export const getSession = route({
  method: 'GET',
  path: '/api/v1/session',
  access: 'person',
  summary: 'Who the caller is, and what they may do.',
  response: sessionSchema,
  handle: ({ caller }, { isDemo }: Pick<ApiDeps, 'isDemo'>) => ({ value: sessionView(caller, isDemo()) }),
});
