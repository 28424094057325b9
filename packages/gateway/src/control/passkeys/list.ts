/** `GET /api/v1/passkeys`: the passkeys of the caller. */
import { z } from 'zod';
import { route } from '../api/route.ts';
import type { ApiDeps } from '../deps.ts';
import type { Passkey } from '../../passkeys.ts';
import { passkeySchema } from './answer.ts';

/** A passkey as its owner sees it. */
export const passkeyView = ({ id, name, createdAtMs, usedAtMs }: Passkey): z.input<typeof passkeySchema> => ({
  id,
  name,
  created_at: new Date(createdAtMs).toISOString(),
  ...(usedAtMs !== undefined && { used_at: new Date(usedAtMs).toISOString() }),
});

/** Nobody sees those of others. */
export const listPasskeys = route({
  method: 'GET',
  path: '/api/v1/passkeys',
  access: 'person',
  summary: 'The passkeys of the caller, oldest first.',
  response: z.object({ items: z.array(passkeySchema) }),
  async handle({ caller }, { passkeys }: Pick<ApiDeps, 'passkeys'>) {
    const found = await passkeys.list(caller.principal.user);
    return { value: { items: found.map(passkeyView) } };
  },
});
