/** `DELETE /api/v1/session`: signs out. */
import { z } from 'zod';
import { route } from '../api/route.ts';
import type { ApiDeps } from '../deps.ts';
import { ApiProblem } from '../problem.ts';
import { recordChange } from '../record-change.ts';
import { expiredCookie, SESSION_COOKIE } from '../sign-in/cookies.ts';

/** Ends the session on the server, so that a copy of the cookie is worth nothing. */
export const endSession = route({
  method: 'DELETE',
  path: '/api/v1/session',
  access: 'person',
  summary: 'Signs out.',
  errors: ['NOT_FOUND', 'AUDIT_UNAVAILABLE'],
  response: z.object({}),
  async handle({ caller }, deps: Pick<ApiDeps, 'sessions' | 'audit' | 'clock'>) {
    const { session } = caller;
    if (session === undefined) throw new ApiProblem('NOT_FOUND', { detail: 'A token or a key has no session.' });
    const change = { operation: 'session.end', target: {}, before: { tenant: caller.tenant.id } };
    await recordChange(deps, caller, change, async () => {
      await deps.sessions.end(session.idHash);
      return { result: undefined, after: null };
    });
    return { value: {}, cookies: [expiredCookie(SESSION_COOKIE)] };
  },
});
