/** `DELETE /api/v1/passkeys/{id}`: a person removes one of their own passkeys. */
import { z } from 'zod';
import { route } from '../api/route.ts';
import type { ApiDeps } from '../deps.ts';
import { ApiProblem } from '../problem.ts';
import { recordChange } from '../record-change.ts';

/** That of somebody else does not exist. */
export const removePasskey = route({
  method: 'DELETE',
  path: '/api/v1/passkeys/{id}',
  access: 'person',
  summary: 'Remove an own passkey. It proves nothing any more.',
  params: z.strictObject({ id: z.string().regex(/^[\w-]{1,1400}$/) }),
  errors: ['NOT_FOUND', 'AUDIT_UNAVAILABLE'],
  response: z.object({}),
  async handle({ params, caller }, deps: Pick<ApiDeps, 'passkeys' | 'audit' | 'clock'>) {
    const { user } = caller.principal;
    const passkey = (await deps.passkeys.list(user)).find(({ id }) => id === params.id);
    if (passkey === undefined) throw new ApiProblem('NOT_FOUND', { detail: 'You have no such passkey.' });
    const before = { passkey_id: passkey.id, name: passkey.name };
    await recordChange(deps, caller, { operation: 'passkey.remove', target: before, before }, async () => {
      await deps.passkeys.remove(user, passkey.id);
      return { result: undefined, after: null };
    });
    return { value: {} };
  },
});
