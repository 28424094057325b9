/** An API key for each user of the demo, new at every start; those of the last start are revoked. */
import type { KeyStore } from '@sallyport/guard';
import { mintApiKey } from '@sallyport/guard/stages';
import type { DemoUser } from './users.ts';

const NAME = 'demo, made by npm start';
const WEEK_MS = 7 * 86_400_000;

/** @returns the text of each key by subject; it is stored nowhere. */
export async function mintDemoKeys(
  store: KeyStore,
  users: readonly DemoUser[],
  now: number,
): Promise<ReadonlyMap<string, string>> {
  for (const old of await store.list(undefined)) {
    if (old.name === NAME && old.revokedAtMs === undefined) await store.put({ ...old, revokedAtMs: now });
  }
  const texts = new Map<string, string>();
  for (const { subject, tenant, roles, tier, control } of users) {
    const { text, key } = mintApiKey({
      tenant,
      subject,
      name: NAME,
      roles,
      scopes: control === undefined ? [] : [`control:${control}`],
      tier,
      createdAtMs: now,
      expiresAtMs: now + WEEK_MS,
    });
    await store.put(key);
    texts.set(subject, text);
  }
  return texts;
}
