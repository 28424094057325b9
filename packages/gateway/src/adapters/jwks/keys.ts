/**
 * Verification keys of the configured issuers: found by discovery, cached, refreshed once per cooldown when an unknown key
 * id appears, kept for a while when the issuer is down, and then denied.
 */
import { importJWK, type JWK } from 'jose';
import type { Clock } from '@sallyport/guard';
import type { KeySource } from '@sallyport/guard/stages';
import { fetchJson } from './fetch-json.ts';
import { discoverJwksUri } from './discover.ts';

export interface IssuerLocation {
  readonly issuer: string;
  readonly jwksUri: string | undefined;
}

export interface KeySourceDeps {
  readonly issuers: () => readonly IssuerLocation[];
  readonly clock: Clock;
  readonly fetch?: typeof fetchJson;
  readonly log?: (level: 'warn', message: string, fields: Readonly<Record<string, unknown>>) => void;
}

export interface IssuerKeys extends KeySource {
  /** By issuer: `undefined` when its keys are here, else why not. Asks those whose keys are not here. */
  ready(): Promise<Readonly<Record<string, string | undefined>>>;
}

/** How soon a set of keys is looked at again: O10 states that a removed key is refused after this. */
export const KEYS_FRESH_MS = 10 * 60_000;
/** How often an unknown key id can cause a fetch (O8). */
export const KEYS_COOLDOWN_MS = 30_000;
/** How long the last good set is used while the issuer cannot be reached (O9). */
export const KEYS_STALE_MS = 60 * 60_000;
const KEYS_MAX = 100;

interface KeySet {
  readonly keys: readonly JWK[];
  readonly fetchedAt: number;
  /** By place in the set and algorithm: a key that was imported for one algorithm of its type verifies no other. */
  readonly imported: Map<string, Promise<CryptoKey | Uint8Array>>;
}

interface State {
  set: KeySet | undefined;
  triedAt: number;
  why: string;
  fetching: Promise<void> | undefined;
}

export function createKeySource({ issuers, clock, fetch = fetchJson, log }: KeySourceDeps): IssuerKeys {
  const states = new Map<string, State>();
  const stateOf = (issuer: string): State => {
    let state = states.get(issuer);
    if (state === undefined)
      states.set(issuer, (state = { set: undefined, triedAt: Number.NEGATIVE_INFINITY, why: '', fetching: undefined }));
    return state;
  };
  const refresh = async (state: State, location: IssuerLocation): Promise<void> => {
    state.triedAt = clock.now();
    try {
      const uri = location.jwksUri ?? (await discoverJwksUri(location.issuer, fetch));
      const document = await fetch(new URL(uri), location.issuer);
      state.set = { keys: usable(document), fetchedAt: clock.now(), imported: new Map() };
    } catch (thrown) {
      // The last good set stays until it is too old; `key` then refuses.
      state.why = `its keys cannot be fetched: ${thrown instanceof Error ? thrown.message : 'no answer'}`;
      log?.('warn', 'the keys of an issuer cannot be fetched', { issuer: location.issuer, why: state.why });
    } finally {
      state.fetching = undefined;
    }
  };
  const tryAgain = async (state: State, location: IssuerLocation): Promise<void> => {
    if (state.fetching !== undefined || clock.now() - state.triedAt >= KEYS_COOLDOWN_MS)
      await (state.fetching ??= refresh(state, location));
  };
  const older = ({ set }: State, ms: number): boolean => set === undefined || clock.now() - set.fetchedAt > ms;
  const look = async (issuer: string, kid: string | undefined, algorithm: string): Promise<CryptoKey> => {
    const location = issuers().find((one) => one.issuer === issuer);
    if (location === undefined) throw new Error('the issuer is not configured');
    const state = stateOf(issuer);
    const unknown = state.set !== undefined && matching(state.set.keys, kid, algorithm).length === 0;
    if (older(state, KEYS_FRESH_MS) || unknown) await tryAgain(state, location);
    if (state.set === undefined || older(state, KEYS_STALE_MS))
      throw new Error('the keys of the issuer are not available');
    const { keys, imported } = state.set;
    const [jwk, another] = matching(keys, kid, algorithm);
    if (jwk === undefined) throw new Error('the key is not known');
    if (another !== undefined) throw new Error('the key is ambiguous');
    const place = `${keys.indexOf(jwk)} ${algorithm}`;
    let key = imported.get(place);
    if (key === undefined) imported.set(place, (key = importJWK(jwk, algorithm)));
    return (await key) as CryptoKey;
  };
  const ready = async (location: IssuerLocation): Promise<[string, string | undefined]> => {
    const state = stateOf(location.issuer);
    if (older(state, KEYS_FRESH_MS)) await tryAgain(state, location);
    return [location.issuer, older(state, KEYS_STALE_MS) ? state.why : undefined];
  };
  return { key: look, ready: async () => Object.fromEntries(await Promise.all(issuers().map(ready))) };
}

/** Public signature keys only: a symmetric key in a public document is everybody's (RFC 8725 section 2.1). */
function usable(document: unknown): JWK[] {
  const keys = (document as { keys?: unknown }).keys;
  if (!Array.isArray(keys) || keys.length > KEYS_MAX) throw new Error('not a key set');
  return (keys as JWK[]).filter(
    (key) =>
      typeof key === 'object' &&
      key !== null &&
      ['RSA', 'EC', 'OKP'].includes(String(key.kty)) &&
      key.d === undefined &&
      (key.use === undefined || key.use === 'sig'),
  );
}

const KTY: Readonly<Record<string, string>> = { RS: 'RSA', PS: 'RSA', ES: 'EC', Ed: 'OKP' };
const CRV: Readonly<Record<string, string>> = {
  ES256: 'P-256',
  ES384: 'P-384',
  ES512: 'P-521',
  EdDSA: 'Ed25519',
  Ed25519: 'Ed25519',
};

function matching(keys: readonly JWK[], kid: string | undefined, algorithm: string): JWK[] {
  return keys.filter(
    (key) =>
      key.kty === KTY[algorithm.slice(0, 2)] &&
      (kid === undefined || key.kid === kid) &&
      (key.alg === undefined || key.alg === algorithm) &&
      (CRV[algorithm] === undefined || key.crv === CRV[algorithm]),
  );
}
