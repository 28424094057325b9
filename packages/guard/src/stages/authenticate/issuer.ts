import type { KeyObject } from 'node:crypto';
import type { JsonObject } from '../../call.ts';

/** An issuer whose tokens are accepted, and how. The gateway's configuration has the same shape. */
export interface JwtIssuer {
  readonly issuer: string;
  readonly audience: string;
  readonly multipleAudiences: boolean;
  readonly algorithms: readonly string[];
  readonly accessTokenProfile: 'rfc9068' | 'any-jwt';
  readonly requiredScopes: readonly string[];
  readonly claims: {
    readonly tenant: string;
    readonly roles: string;
    readonly groups: string;
    readonly agent: string;
    readonly tier: string;
  };
  readonly allowedClients: readonly string[] | undefined;
  readonly clockSkewSeconds: number;
  readonly lifetimeSecondsMax: number;
}

/** Finds the verification key of one issuer; never looks at another issuer's keys. */
export interface KeySource {
  /** @throws when there is no unambiguous key. `kid` is whatever the header had, checked to be a short string or absent. */
  key(issuer: string, kid: string | undefined, algorithm: string): Promise<CryptoKey | KeyObject>;
}

/** The value at a dotted path, e.g. `realm_access.roles`; a claim whose own name has dots wins. */
export function claimAt(payload: JsonObject, path: string): unknown {
  if (Object.hasOwn(payload, path)) return payload[path];
  let node: unknown = payload;
  for (const part of path.split('.')) {
    if (typeof node !== 'object' || node === null || !Object.hasOwn(node, part)) return undefined;
    node = (node as JsonObject)[part];
  }
  return node;
}
