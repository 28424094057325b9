/** An API key as the control API shows it: never its secret, nor the hash of it. */
import type { ApiKey, JsonObject } from '@sallyport/guard';
import { z } from 'zod';
import type { ApiDeps } from '../deps.ts';

const time = z.iso.datetime();

/** One key. */
export const keySchema = z
  .object({
    id: z.string(),
    name: z.string(),
    user: z.string().describe('Subject in records and policies.'),
    tenant: z.string(),
    roles: z.array(z.string()),
    scopes: z.array(z.string()),
    tier: z.string().optional(),
    created_at: time,
    expires_at: time.optional(),
    last_used_at: time.optional().describe('Since the gateway was started.'),
    revoked_at: time.optional(),
  })
  .meta({ id: 'ApiKey' });

const timeOf = (ms: number): string => new Date(ms).toISOString();

/** What is public of a key. */
export function keyView(key: ApiKey, { activity }: Pick<ApiDeps, 'activity'>): z.input<typeof keySchema> {
  const lastUsedMs = activity.lastCallMs(key.tenant, `api-key:${key.id}`);
  return {
    id: key.id,
    name: key.name,
    user: key.subject,
    tenant: key.tenant,
    roles: [...key.roles],
    scopes: [...key.scopes],
    ...(key.tier !== undefined && { tier: key.tier }),
    created_at: timeOf(key.createdAtMs),
    ...(key.expiresAtMs !== undefined && { expires_at: timeOf(key.expiresAtMs) }),
    ...(lastUsedMs !== undefined && { last_used_at: timeOf(lastUsedMs) }),
    ...(key.revokedAtMs !== undefined && { revoked_at: timeOf(key.revokedAtMs) }),
  };
}

/** A key as a record of a change has it. */
export const recordedKey = ({ name, subject, roles, scopes, tier, expiresAtMs, revokedAtMs }: ApiKey): JsonObject => ({
  name,
  user: subject,
  roles,
  scopes,
  tier: tier ?? null,
  expires_at: expiresAtMs === undefined ? null : timeOf(expiresAtMs),
  revoked_at: revokedAtMs === undefined ? null : timeOf(revokedAtMs),
});
