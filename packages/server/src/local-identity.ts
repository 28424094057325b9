/** Callers on the same machine: the user of the operating system over stdio, a developer over HTTP. */
import { randomBytes, timingSafeEqual } from 'node:crypto';
import { userInfo } from 'node:os';
import type { Authenticator, JsonObject, Principal } from '@sallyport/guard';
import { principalKey } from '@sallyport/guard/stages';

/** The role of both, which has every permission unless `roles` says otherwise. */
export const LOCAL_ROLE = 'local';
/** The tenant of a server that names none. */
export const LOCAL_TENANT = 'local';

/** A token that only this process and whoever it tells know, and who presents it. */
export interface LocalIdentity {
  readonly token: string;
  readonly authenticator: Authenticator;
}

/** The user who started the process: whoever holds its standard input and output is that user. */
export function osUserIdentity(tenant: string): LocalIdentity {
  const { username, uid, gid } = userInfo();
  return identityOf('urn:sallyport:os-user', username, tenant, { uid, gid });
}

/** A developer on loopback, where nobody else was configured. */
export const developerIdentity = (tenant: string): LocalIdentity =>
  identityOf('urn:sallyport:development', 'developer', tenant, {});

function identityOf(issuer: string, subject: string, tenant: string, claims: JsonObject): LocalIdentity {
  const token = `dev_${randomBytes(32).toString('base64url')}`;
  const agent = { clientId: '', actors: [] };
  const principal: Principal = Object.freeze({
    user: { issuer, subject, roles: [LOCAL_ROLE], groups: [], claims },
    agent,
    scopes: [],
    tenantClaim: tenant,
    tier: undefined,
    expiresAtMs: undefined,
    key: principalKey({ issuer, subject }, agent, tenant),
  });
  const expected = Buffer.from(token);
  return {
    token,
    authenticator: (credentials) =>
      credentials.kind === 'bearer' && isSame(Buffer.from(credentials.token), expected) ? principal : undefined,
  };
}

const isSame = (a: Buffer, b: Buffer): boolean => a.length === b.length && timingSafeEqual(a, b);
