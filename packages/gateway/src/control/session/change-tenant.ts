/** `POST /api/v1/session/tenant`: a person with several tenants acts in another one. */
import { z } from 'zod';
import { route } from '../api/route.ts';
import type { ApiDeps } from '../deps.ts';
import { ApiProblem } from '../problem.ts';
import { recordChange } from '../record-change.ts';
import { sessionCookie } from '../sign-in/cookies.ts';
import { sessionSchema, sessionView } from './show.ts';

/** The roles change with the tenant, so the session gets a new id and a new CSRF token. */
export const changeTenant = route({
  method: 'POST',
  path: '/api/v1/session/tenant',
  access: 'person',
  summary: 'Acts in another tenant of the caller; the session gets a new id.',
  body: z.strictObject({ tenant: z.string().min(1).max(64) }),
  errors: ['NOT_FOUND', 'AUDIT_UNAVAILABLE'],
  response: sessionSchema,
  async handle({ caller, body }, deps: Pick<ApiDeps, 'sessions' | 'audit' | 'clock' | 'isDemo'>) {
    const { session, tenant } = caller;
    if (session === undefined) throw new ApiProblem('NOT_FOUND', { detail: 'A token or a key has no session.' });
    if (!session.tenants.includes(body.tenant))
      throw new ApiProblem('NOT_FOUND', { detail: 'No such tenant of yours.' });
    const change = { operation: 'session.tenant', target: {}, before: tenant.id };
    const opened = await recordChange(deps, caller, change, async () => ({
      result: await deps.sessions.changeTenant(session.idHash, body.tenant),
      after: body.tenant,
    }));
    const changed = opened && (await deps.sessions.callerOf(opened.id, true));
    if (opened === undefined || changed === undefined) throw new ApiProblem('NOT_FOUND');
    return { value: sessionView(changed, deps.isDemo()), cookies: [sessionCookie(opened.id)] };
  },
});
