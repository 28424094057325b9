import { randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { exportJWK, generateKeyPair, type JWK } from 'jose';
import { takeFromOthers } from '@sallyport/server/private-file';

/** The keys of the authorization server. */
export interface SignInKeys {
  readonly jwks: { readonly keys: JWK[] };
  readonly cookieKeys: string[];
}

/** Reads the keys, or makes them on the first start. Only the owner can read the file; tokens outlive a restart. */
export async function openSignInKeys(folder: string): Promise<SignInKeys> {
  const file = join(folder, 'sign-in.keys.json');
  takeFromOthers(file);
  if (existsSync(file)) return JSON.parse(readFileSync(file, 'utf8')) as SignInKeys;
  const { privateKey } = await generateKeyPair('ES256', { extractable: true });
  const keys: SignInKeys = {
    jwks: {
      keys: [{ ...(await exportJWK(privateKey)), alg: 'ES256', use: 'sig', kid: randomBytes(8).toString('hex') }],
    },
    cookieKeys: [randomBytes(32).toString('base64url')],
  };
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  writeFileSync(file, JSON.stringify(keys), { mode: 0o600, flag: 'wx' });
  return keys;
}
