/**
 * Keys, tokens and an authenticate stage for the attack tables: tokens in any form that an attacker can make, and a
 * clock that stands still.
 */
import { constants, createHmac, generateKeyPairSync, sign, type KeyObject } from 'node:crypto';
import { expect } from 'vitest';
import type { Call, Credentials, Principal } from '../../../call.ts';
import { GuardError } from '../../../errors.ts';
import { createMemoryKeys } from '../../../memory/index.ts';
import {
  createApiKeyAuthenticator,
  createAuthenticate,
  createAccessTokenAuthenticator,
  IDENTITY_PROVIDERS,
  type JwtIssuer,
  type Introspect,
  type KeySource,
  type RefusedClaim,
} from '../index.ts';

export const NOW = 1_700_000_000;
export const HOME = 'https://idp.test/acme';
export const OTHER = 'https://idp.test/globex';
export const AUDIENCE = 'https://gw.example/mcp';
export const SKEW = 30;

export const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 });
export const ec = generateKeyPairSync('ec', { namedCurve: 'P-256' });
export const ed = generateKeyPairSync('ed25519');
export const otherRsa = generateKeyPairSync('rsa', { modulusLength: 2048 });
export const attacker = generateKeyPairSync('rsa', { modulusLength: 2048 });

export const ISSUER: JwtIssuer = {
  issuer: HOME,
  audience: AUDIENCE,
  multipleAudiences: false,
  algorithms: ['RS256', 'ES256', 'EdDSA'],
  provider: 'generic',
  accessTokenProfile: 'rfc9068',
  introspection: false,
  requiredScopes: [],
  claims: { ...IDENTITY_PROVIDERS.generic.claims, tenant: 'tenant' },
  tenants: ['acme', 'globex', 'null'],
  tenantWithoutClaim: undefined,
  allowedClients: undefined,
  senderConstrained: false,
  clockSkewSeconds: SKEW,
  lifetimeSecondsMax: 3600,
};

export type Claims = Readonly<Record<string, unknown>>;
export const CLAIMS: Claims = {
  iss: HOME,
  sub: 'alice',
  aud: AUDIENCE,
  exp: NOW + 600,
  iat: NOW,
  jti: 'j-1',
  client_id: 'agent',
  tenant: 'acme',
  roles: ['reader'],
};

export const b64 = (value: unknown): string =>
  Buffer.from(typeof value === 'string' ? value : JSON.stringify(value)).toString('base64url');
export const tail = (token: string): string => token.slice(token.lastIndexOf('.') + 1);
export const withTail = (token: string, signature: string): string =>
  `${token.slice(0, token.lastIndexOf('.'))}.${signature}`;

/** A token in any form that an attacker can make. `undefined` in the changes removes the member. */
export function token(claims: Claims | string = {}, header: Claims = {}, key: KeyObject = rsa.privateKey): string {
  const payload = typeof claims === 'string' ? claims : { ...CLAIMS, ...claims };
  const text = `${b64({ alg: 'RS256', typ: 'at+jwt', kid: 'k1', ...header })}.${b64(payload)}`;
  return `${text}.${signatureOf(Buffer.from(text), key).toString('base64url')}`;
}

function signatureOf(text: Buffer, key: KeyObject): Buffer {
  switch (key.asymmetricKeyType) {
    case 'ec':
      return sign('sha256', text, { key, dsaEncoding: 'ieee-p1363' });
    case 'ed25519':
      return sign(null, text, key);
    default:
      return sign('sha256', text, { key, padding: constants.RSA_PKCS1_PADDING });
  }
}

export function hmacToken(secret: string | Buffer): string {
  const text = `${b64({ alg: 'HS256', typ: 'at+jwt', kid: 'k1' })}.${b64(CLAIMS)}`;
  return `${text}.${createHmac('sha256', secret).update(text).digest('base64url')}`;
}

const KEYS: ReadonlyMap<string, KeyObject> = new Map([
  [`${HOME} k1`, rsa.publicKey],
  [`${HOME} ec`, ec.publicKey],
  [`${HOME} ed`, ed.publicKey],
  [`${OTHER} k1`, otherRsa.publicKey],
]);

export function openHarness({
  issuer = {},
  introspect,
}: { readonly issuer?: Partial<JwtIssuer>; readonly introspect?: Introspect } = {}) {
  const keys = new Map(KEYS);
  const clock = { ms: NOW * 1000, now: () => clock.ms };
  const lookups: string[] = [];
  const faults: string[] = [];
  const claims: RefusedClaim[] = [];
  const note = (claim: RefusedClaim | undefined): void => void (claim !== undefined && claims.push(claim));
  const source: KeySource = {
    key: async (from, kid) => {
      lookups.push(`${from} ${kid}`);
      const key = keys.get(`${from} ${kid}`);
      if (key === undefined) throw new Error('the key is not known');
      return key;
    },
  };
  const store = createMemoryKeys();
  const issuers = [
    { ...ISSUER, ...issuer },
    { ...ISSUER, ...issuer, issuer: OTHER },
  ];
  const authenticate = createAuthenticate(
    [
      createApiKeyAuthenticator(store, clock),
      createAccessTokenAuthenticator({
        issuers: () => issuers,
        keys: source,
        clock,
        incomplete: note,
        ...(introspect && { introspect }),
      }),
    ],
    (type, claim) => {
      faults.push(type);
      note(claim);
    },
  );
  const present = async (credentials: Credentials): Promise<Principal> => authenticate({ ...CALL, credentials });
  return {
    clock,
    lookups,
    faults,
    claims,
    store,
    keys,
    issuers,
    present,
    bearer: (text: string) => present({ kind: 'bearer', token: text }),
  };
}

export const CALL: Call = {
  method: 'tools/call',
  target: { kind: 'tool', server: 'crm', name: 'get' },
  params: {},
  rawArguments: undefined,
  credentials: { kind: 'none' },
  session: undefined,
  deadlineMs: Number.POSITIVE_INFINITY,
  signal: new AbortController().signal,
  origin: {
    transport: 'http',
    era: 'modern',
    protocolVersion: '2026-07-28',
    address: '192.0.2.1',
    correlationId: 'c',
    traceparent: undefined,
    clientInfo: undefined,
  },
};

/** `accepted`, or the code of the refusal; `unauthenticated` is checked to reveal nothing. */
export async function outcomeOf(answer: Promise<unknown>): Promise<string> {
  try {
    await answer;
    return 'accepted';
  } catch (thrown) {
    if (!(thrown instanceof GuardError)) throw thrown;
    if (thrown.code === 'unauthenticated')
      expect(thrown.detail).toEqual({ data: { error: 'invalid_token' }, cause: expect.any(Error) });
    return thrown.code;
  }
}

/**
 * A row of an attack table: the token, the fault that the metric counts, and what differs in the issuer's
 * configuration.
 */
export type Row = readonly [name: string, text: string, fault: string, issuer?: Partial<JwtIssuer>];
export const ANY: Partial<JwtIssuer> = { accessTokenProfile: 'any-jwt' };

/**
 * Every row is refused with the one answer, counted as its fault, and refused again: nothing is remembered in its
 * favour.
 */
export async function expectRefused([, text, fault, issuer = {}]: Row): Promise<void> {
  const harness = openHarness({ issuer });
  expect([await outcomeOf(harness.bearer(text)), harness.faults]).toEqual(['unauthenticated', [fault]]);
  expect(await outcomeOf(harness.bearer(text))).toBe('unauthenticated');
}
