/** The port of people who signed in on the page: who somebody in a channel is. */
import type { JsonObject } from '@sallyport/guard';
import type { KnownAs } from './decide.ts';

/** Somebody as the issuer named them when they last signed in for a tenant. */
export interface KnownPerson {
  readonly tenant: string;
  readonly issuer: string;
  readonly clientId: string;
  readonly subject: string;
  readonly claims: JsonObject;
  readonly atMs: number;
}

/** Keeps who signed in, for all processes on one database. */
export interface PeopleStore {
  /** Replaces what was known of the person in the tenant. */
  remember(person: KnownPerson): Promise<void>;
  /** Everybody who signed in since then and is known as that. Usually one, and none or several decide nothing. */
  find(tenant: string, who: KnownAs, sinceMs: number): Promise<readonly KnownPerson[]>;
  /** Whoever has not signed in since then is nobody. */
  forget(beforeMs: number): Promise<void>;
}

/** RFC 5321 section 4.5.3.1.3, without the angle brackets. Databases keep no long text in an index. */
const EMAIL_CHARACTERS_MAX = 254;

/**
 * An address as it is compared. Only ASCII letters have two cases: the Kelvin sign (U+212A) would become `k`, and
 * another mailbox that of somebody who may decide (U11).
 */
export const comparedEmail = (email: string): string => email.replace(/[A-Z]+/g, (letters) => letters.toLowerCase());

/** The address that an issuer vouches for, as it is compared. */
export function verifiedEmail({ email, email_verified: isVerified }: JsonObject): string | undefined {
  const isKnown = typeof email === 'string' && email.length <= EMAIL_CHARACTERS_MAX && isVerified === true;
  return isKnown ? comparedEmail(email) : undefined;
}

/** The object id of Microsoft Entra ID. */
export function objectId({ oid }: JsonObject): string | undefined {
  return typeof oid === 'string' ? oid : undefined;
}
