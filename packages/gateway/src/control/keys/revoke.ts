/** `DELETE /api/v1/keys/{id}`: ends a key. A gateway stops accepting it within seconds. */
import { z } from 'zod';
import { route } from '../api/route.ts';
import type { ApiDeps } from '../deps.ts';
import { ApiProblem } from '../problem.ts';
import { recordChange } from '../record-change.ts';
import { keySchema, keyView, recordedKey } from './view.ts';

/** A key that has ended stays as it is. */
export const revokeKey = route({
  method: 'DELETE',
  path: '/api/v1/keys/{id}',
  access: 'operator',
  summary: 'End an API key of the tenant.',
  params: z.strictObject({ id: z.string().regex(/^[0-9a-f]{16}$/) }),
  errors: ['AUDIT_UNAVAILABLE'],
  response: keySchema,
  async handle({ params, caller }, deps: Pick<ApiDeps, 'keys' | 'activity' | 'audit' | 'clock' | 'changes'>) {
    const key = await deps.keys.find(params.id);
    // U14: a key of another tenant is answered like one that does not exist.
    if (key === undefined || key.tenant !== caller.tenant.id)
      throw new ApiProblem('NOT_FOUND', { detail: 'There is no such key.' });
    if (key.revokedAtMs !== undefined) return { value: keyView(key, deps) };
    const revoked = { ...key, revokedAtMs: deps.clock.now() };
    const before = recordedKey(key);
    await recordChange(deps, caller, { operation: 'key.revoke', target: { key_id: key.id }, before }, async () => {
      await deps.keys.put(revoked);
      return { result: undefined, after: recordedKey(revoked) };
    });
    const text = `key ${key.id} (${key.name}) was revoked`;
    deps.changes.add(
      { timeMs: revoked.revokedAtMs, kind: 'key', text, by: caller.principal.user.subject },
      caller.tenant.id,
    );
    return { value: keyView(revoked, deps) };
  },
});
