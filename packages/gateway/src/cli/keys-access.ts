/** Where `sallyport keys` makes and ends keys: in the store of the configuration, or in a running gateway. */
import type { ApiKey, JsonObject, KeyStore } from '@sallyport/guard';
import { mintApiKey } from '@sallyport/guard/stages';
import { withKeysAndPins } from '../stores.ts';
import { adminItems, adminRequest, adminTargetIfGiven, type AdminTarget } from './admin-client.ts';
import type { CommandContext } from './command.ts';

/** A key without its secret and the hash of it. */
export type PublicKey = Omit<ApiKey, 'hash'>;

/** What a new key is made from. */
export type NewKey = Pick<ApiKey, 'tenant' | 'name' | 'subject' | 'roles' | 'scopes' | 'tier'> & {
  /** 0 = it never expires. */
  readonly days: number;
};

/** A key that was made, and its secret. */
export interface MadeKey {
  readonly text: string;
  readonly key: PublicKey;
}

/** The keys, wherever they are. */
export interface KeyAccess {
  /** Whether tenants and tiers are those of the configuration of this command. */
  readonly isLocal: boolean;
  create(fields: NewKey): Promise<MadeKey>;
  list(tenant: string | undefined): Promise<readonly PublicKey[]>;
  /** @returns whether there is such a key. */
  revoke(id: string): Promise<boolean>;
}

const DAY_MS = 86_400_000;

/** Runs work on the keys of a running gateway where one is named, and on those of the data folder otherwise. */
export async function withKeys(
  adminUrl: string | undefined,
  context: CommandContext,
  work: (keys: KeyAccess) => Promise<void>,
): Promise<void> {
  const target = await adminTargetIfGiven(adminUrl, context);
  if (target !== undefined) return work(keysOverApi(target));
  const { data, database } = await context.io.loadFolders();
  await withKeysAndPins({ dataFolder: data, database }, ({ keys }) => work(keysInStore(keys)));
}

const keysInStore = (keys: KeyStore): KeyAccess => ({
  isLocal: true,
  async create({ days, ...fields }) {
    const now = Date.now();
    const expiresAtMs = days === 0 ? undefined : now + days * DAY_MS;
    const made = mintApiKey({ ...fields, createdAtMs: now, expiresAtMs });
    await keys.put(made.key);
    return made;
  },
  list: async (tenant) => keys.list(tenant),
  async revoke(id) {
    const key = await keys.find(id);
    if (key !== undefined) await keys.put({ ...key, revokedAtMs: key.revokedAtMs ?? Date.now() });
    return key !== undefined;
  },
});

const KEYS = '/api/v1/keys';

const keysOverApi = (target: AdminTarget): KeyAccess => ({
  isLocal: false,
  async create({ subject, tier, ...fields }) {
    const body = { ...fields, user: subject, ...(tier !== undefined && { tier }) };
    const { secret, ...made } = await adminRequest(target, KEYS, body);
    return { text: String(secret), key: keyOf(made) };
  },
  async list(tenant) {
    const keys = (await adminItems(target, KEYS)).map(keyOf);
    return tenant === undefined ? keys : keys.filter((key) => key.tenant === tenant);
  },
  async revoke(id) {
    const isKnown = (await adminItems(target, `${KEYS}?text=${encodeURIComponent(id)}`)).some(
      (key) => key['id'] === id,
    );
    if (isKnown) await adminRequest(target, `${KEYS}/${encodeURIComponent(id)}`, undefined, 'DELETE');
    return isKnown;
  },
});

const textsOf = (value: unknown): string[] => (Array.isArray(value) ? value.map(String) : []);
const timeOf = (value: unknown): number | undefined => (typeof value === 'string' ? Date.parse(value) : undefined);

const keyOf = (key: JsonObject): PublicKey => ({
  id: String(key['id']),
  tenant: String(key['tenant']),
  subject: String(key['user']),
  name: String(key['name']),
  roles: textsOf(key['roles']),
  scopes: textsOf(key['scopes']),
  tier: typeof key['tier'] === 'string' ? key['tier'] : undefined,
  createdAtMs: timeOf(key['created_at']) ?? 0,
  expiresAtMs: timeOf(key['expires_at']),
  revokedAtMs: timeOf(key['revoked_at']),
});
