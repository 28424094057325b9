/**
 * Verification keys of the configured issuers: found by discovery and cached. An unknown key id causes at most one
 * fetch per cooldown. While an issuer cannot be reached its last keys are used for a while; then its tokens are
 * refused.
 */
import { createLocalJWKSet, errors, type JWK } from 'jose';
import type { Clock, Log } from '@sallyport/guard';
import type { KeySource } from '@sallyport/guard/stages';
import { fetchJson } from './fetch-json.ts';
import { discoverJwksUri } from './discover.ts';

/** Where the keys of an issuer are. */
export interface IssuerLocation {
  readonly issuer: string;
  /** `undefined` = found by discovery. */
  readonly jwksUri: string | undefined;
}

/** What the key source reads. `fetch` is replaced in tests. */
export interface KeySourceDeps {
  readonly issuers: () => readonly IssuerLocation[];
  readonly clock: Clock;
  readonly fetch?: typeof fetchJson;
  readonly log?: Log;
}

/** The key source of the guard, with its readiness. */
export interface IssuerKeys extends KeySource {
  /** By issuer: `undefined` when its keys are known, else why not. Fetches the keys that are missing or too old. */
  ready(): Promise<Readonly<Record<string, string | undefined>>>;
}

/**
 * How old a set of keys may be before it is fetched again: a key that the issuer removed is refused after this (O10).
 */
export const KEYS_FRESH_MS = 10 * 60_000;
/** How often an unknown key id can cause a fetch (O8). */
export const KEYS_COOLDOWN_MS = 30_000;
/** How long the last good set is used while the issuer cannot be reached (O9). */
export const KEYS_STALE_MS = 60 * 60_000;
const KEYS_MAX = 100;

interface KeySet {
  /** Selects the key for a header's `alg` and `kid`, and imports it for this one algorithm. */
  readonly select: ReturnType<typeof createLocalJWKSet>;
  readonly fetchedAtMs: number;
}

interface IssuerState {
  /** The last keys that were fetched. */
  keySet: KeySet | undefined;
  triedAtMs: number;
  /** Why the last attempt failed. */
  failure: string;
  fetching: Promise<void> | undefined;
}

/** @returns the keys of the issuers that are configured at the time of a request. */
export function createKeySource(deps: KeySourceDeps): IssuerKeys {
  const { issuers, clock } = deps;
  const states = new Map<string, IssuerState>();
  const stateOf = (issuer: string): IssuerState => {
    const state = states.get(issuer) ?? newState();
    states.set(issuer, state);
    return state;
  };
  const isOlder = ({ keySet }: IssuerState, ms: number): boolean =>
    keySet === undefined || clock.now() - keySet.fetchedAtMs > ms;

  const key = async (issuer: string, kid: string | undefined, algorithm: string): Promise<CryptoKey> => {
    const location = issuers().find((configured) => configured.issuer === issuer);
    if (location === undefined) throw new Error('the issuer is not configured');
    const state = stateOf(issuer);
    if (isOlder(state, KEYS_FRESH_MS)) await refetch(deps, state, location);
    if (isOlder(state, KEYS_STALE_MS)) throw new Error('the keys of the issuer are not available');
    const known = await selectKey(state.keySet, kid, algorithm);
    if (known !== undefined) return known;
    await refetch(deps, state, location);
    const added = await selectKey(state.keySet, kid, algorithm);
    if (added === undefined) throw new Error('the key is not known');
    return added;
  };

  const readyEntry = async (location: IssuerLocation): Promise<[issuer: string, failure: string | undefined]> => {
    const state = stateOf(location.issuer);
    if (isOlder(state, KEYS_FRESH_MS)) await refetch(deps, state, location);
    return [location.issuer, isOlder(state, KEYS_STALE_MS) ? state.failure : undefined];
  };
  return { key, ready: async () => Object.fromEntries(await Promise.all(issuers().map(readyEntry))) };
}

const newState = (): IssuerState => ({
  keySet: undefined,
  triedAtMs: Number.NEGATIVE_INFINITY,
  failure: '',
  fetching: undefined,
});

/** Fetches the keys at most once per cooldown. Whoever asks during a fetch waits for it. */
async function refetch(deps: KeySourceDeps, state: IssuerState, location: IssuerLocation): Promise<void> {
  if (state.fetching === undefined && deps.clock.now() - state.triedAtMs < KEYS_COOLDOWN_MS) return;
  state.fetching ??= fetchKeys(deps, state, location);
  await state.fetching;
}

/** Never rejects. A failure leaves the last good keys in use until they are too old. */
async function fetchKeys(
  { clock, fetch = fetchJson, log }: KeySourceDeps,
  state: IssuerState,
  { issuer, jwksUri }: IssuerLocation,
): Promise<void> {
  state.triedAtMs = clock.now();
  try {
    const uri = jwksUri ?? (await discoverJwksUri(issuer, fetch));
    const document = await fetch(new URL(uri), issuer);
    state.keySet = { select: createLocalJWKSet({ keys: usableKeys(document) }), fetchedAtMs: clock.now() };
  } catch (thrown) {
    state.failure = `its keys cannot be fetched: ${thrown instanceof Error ? thrown.message : 'no answer'}`;
    log?.('warn', 'the keys of an issuer cannot be fetched', { issuer, why: state.failure });
  } finally {
    state.fetching = undefined;
  }
}

/** Public signature keys only: everybody knows a symmetric key in a public document (RFC 8725 section 2.1). */
function usableKeys(document: unknown): JWK[] {
  const { keys } = document as { readonly keys?: unknown };
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

/** @returns `undefined` when no key matches. @throws Error when several match. */
async function selectKey(
  keySet: KeySet | undefined,
  kid: string | undefined,
  alg: string,
): Promise<CryptoKey | undefined> {
  try {
    return await keySet?.select(kid === undefined ? { alg } : { alg, kid });
  } catch (thrown) {
    if (thrown instanceof errors.JWKSNoMatchingKey || thrown instanceof errors.JOSENotSupported) return undefined;
    if (thrown instanceof errors.JWKSMultipleMatchingKeys) throw new Error('the key is ambiguous', { cause: thrown });
    throw thrown;
  }
}
