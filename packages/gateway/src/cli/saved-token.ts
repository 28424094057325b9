/** The access token of a sign-in that was saved, renewed when it is about to expire. */
import type { Environment } from '../config.ts';
import { openSavedSignIns, type SavedSignIn } from './saved-sign-ins.ts';

/** A token that has less time left is renewed first: a command may take a while. */
const RENEW_MS = 60_000;

const hasTimeLeft = ({ expiresAtMs }: SavedSignIn, ms: number): boolean =>
  expiresAtMs === undefined || expiresAtMs - Date.now() > ms;

/**
 * The token for an admin listener.
 *
 * @returns `undefined` when nobody has signed in there. @throws Error with a sentence for the user.
 */
export async function savedToken(origin: string, environment: Environment): Promise<string | undefined> {
  const saved = openSavedSignIns(environment);
  const signIn = saved.read(origin);
  if (signIn === undefined || hasTimeLeft(signIn, RENEW_MS)) return signIn?.accessToken;
  // Another process may renew it too, and a refresh token is often good for once: one after the other.
  const renewed = await saved.change(origin, async (current) =>
    current === undefined || hasTimeLeft(current, RENEW_MS) ? current : renew(current),
  );
  if (renewed === undefined) throw new Error(`The sign-in at ${origin} has ended; sign in again: sallyport login`);
  return renewed.accessToken;
}

async function renew(current: SavedSignIn): Promise<SavedSignIn | undefined> {
  const { refreshToken } = current;
  if (refreshToken === undefined) return hasTimeLeft(current, 0) ? current : undefined;
  const { renewTokens } = await import('../adapters/openid-client/device-sign-in.ts');
  try {
    const tokens = await renewTokens({ ...current, scopes: [] }, refreshToken, Date.now());
    return tokens === undefined ? undefined : { ...current, ...tokens };
  } catch (thrown) {
    // The issuer does not answer; what is left of the old token is used up.
    if (hasTimeLeft(current, 0)) return current;
    throw thrown;
  }
}
