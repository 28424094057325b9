/** `POST /api/v1/keys`: makes an API key, whose secret is in this answer and nowhere else. */
import { mintApiKey } from '@sallyport/guard/stages';
import { z } from 'zod';
import type { ApiCaller } from '../api/access.ts';
import { route } from '../api/route.ts';
import type { ApiDeps } from '../deps.ts';
import { ApiProblem } from '../problem.ts';
import { recordChange } from '../record-change.ts';
import { keySchema, keyView, recordedKey } from './view.ts';

const DAY_MS = 86_400_000;
const DAYS_MAX = 3_650;
const word = z.string().regex(/^[^\s\p{C}]{1,128}$/u, 'must be 1 to 128 characters without spaces');

/**
 * Not idempotent: the answer to an earlier request would have to be kept, and with it the secret.
 */
export const createKey = route({
  method: 'POST',
  path: '/api/v1/keys',
  access: 'operator',
  summary: 'Make an API key of the tenant. Its secret is shown once.',
  description: 'A scope `control:…` of the control API is given by an admin alone.',
  body: z.strictObject({
    name: z
      .string()
      .regex(/^[^\p{C}]{1,128}$/u, 'must be 1 to 128 characters')
      .describe('What the key is for.'),
    tenant: z.string().max(128).optional().describe('The tenant that the caller acts in, and no other.'),
    user: word.optional().describe('Subject in records and policies; the name when left out.'),
    roles: z.array(word).max(64).default([]).describe('In policies.'),
    scopes: z.array(word).max(64).default([]).describe('In policies, and `control:…` for this API.'),
    tier: z.string().max(32).optional().describe('Rate limit tier.'),
    days: z.int().min(0).max(DAYS_MAX).default(90).describe('Until it expires; 0 = never.'),
  }),
  status: 201,
  errors: ['PERMISSION_DENIED', 'AUDIT_UNAVAILABLE'],
  response: keySchema.extend({ secret: z.string().describe('The key itself. It is not shown again.') }),
  async handle(
    { body, caller },
    deps: Pick<ApiDeps, 'keys' | 'activity' | 'audit' | 'clock' | 'changes' | 'installation'>,
  ) {
    if (body.tenant !== undefined && body.tenant !== caller.tenant.id)
      throw new ApiProblem('NOT_FOUND', { detail: 'There is no such tenant.' });
    checkScopes(body.scopes, caller);
    if (body.tier !== undefined && !deps.installation().tiers.includes(body.tier))
      throw new ApiProblem('INVALID_ARGUMENT', {
        detail: 'There is no such tier.',
        errors: [{ in: 'body', pointer: '/tier', message: 'is not a tier of the configuration' }],
      });
    const now = deps.clock.now();
    const { text: secret, key } = mintApiKey({
      tenant: caller.tenant.id,
      name: body.name,
      subject: body.user ?? body.name,
      roles: body.roles,
      scopes: body.scopes,
      tier: body.tier,
      createdAtMs: now,
      expiresAtMs: body.days === 0 ? undefined : now + body.days * DAY_MS,
    });
    const view = keyView(key, deps);
    await recordChange(
      deps,
      caller,
      { operation: 'key.create', target: { key_id: key.id }, before: null },
      async () => {
        await deps.keys.put(key);
        return { result: undefined, after: recordedKey(key) };
      },
    );
    const text = `key ${key.id} (${key.name}) was made`;
    deps.changes.add({ timeMs: now, kind: 'key', text, by: caller.principal.user.subject }, caller.tenant.id);
    return { value: { ...view, secret } };
  },
});

/** U5: whoever could make a key for the control API could approve with it under any name. */
function checkScopes(scopes: readonly string[], { roles }: ApiCaller): void {
  if (scopes.some((scope) => scope.startsWith('control:')) && !roles.has('admin'))
    throw new ApiProblem('PERMISSION_DENIED', { detail: 'Only an admin gives a key a scope of the control API.' });
}
