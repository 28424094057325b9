/**
 * Legacy session ids are sealed, so that the gateway keeps no sessions. An id names the user and tenant that opened it,
 * and survives a token refresh and a restart. Nobody else can use it: the guard compares it with every caller.
 */
import { randomBytes } from 'node:crypto';
import {
  BoundedMap,
  type Identity,
  type JsonObject,
  type Sealer,
  type Session,
  type SessionDirectory,
} from '@sallyport/guard';
import type { ClientProfile } from '../eras/sender.ts';

/** What a session id opens to. */
export interface OpenedSession extends ClientProfile {
  readonly session: Session;
  /** Milliseconds since the epoch. */
  readonly expiresAtMs: number;
}

/** The sealed document; short names, because every request of the client carries it. */
interface SealedSession {
  /** Issuer of the user. */
  readonly i: string;
  /** Subject of the user. */
  readonly s: string;
  /** Tenant. */
  readonly t: string;
  /** Protocol version. */
  readonly v: string;
  /** Client capabilities. */
  readonly c: JsonObject;
  /** Client info (name and version). */
  readonly n?: JsonObject;
  /** Expiry in milliseconds since the epoch. */
  readonly x: number;
  /** Random: two sessions of one user are different. */
  readonly r: string;
}

const PURPOSE = 'session';
const CAPABILITIES = ['roots', 'sampling', 'elicitation', 'tasks'];
const MEMBER_BYTES_MAX = 1_024;

/** @returns a new session id. Capabilities and client info that are too large are left out of it. */
export function sealSession(
  sealer: Sealer,
  { capabilities, clientInfo, protocolVersion }: ClientProfile,
  { principal, tenant }: Identity,
  expiresAtMs: number,
): string {
  const pick = (names: readonly string[]): JsonObject =>
    Object.fromEntries(Object.entries(capabilities).filter(([name]) => names.includes(name)));
  const fits = (value: JsonObject): boolean => JSON.stringify(value).length <= MEMBER_BYTES_MAX;
  const document: SealedSession = {
    i: principal.user.issuer,
    s: principal.user.subject,
    t: tenant.id,
    v: protocolVersion,
    c: [pick([...CAPABILITIES, 'extensions']), pick(CAPABILITIES)].find(fits) ?? {},
    ...(clientInfo !== undefined && fits(clientInfo) && { n: clientInfo }),
    x: expiresAtMs,
    r: randomBytes(16).toString('base64url'),
  };
  return sealer.seal(PURPOSE, '', JSON.stringify(document));
}

/** Opens a session id; `undefined` for an id that is not of this gateway, has expired or was ended. */
export type SessionReader = (id: string) => Promise<OpenedSession | undefined>;

const CACHED_MAX = 2_000;

/** Opened ids are cached, because what an id opens to never changes; expiry and end are checked every time. */
export function createSessionReader(sealer: Sealer, directory: SessionDirectory, now: () => number): SessionReader {
  const cache = new BoundedMap<string, OpenedSession>(CACHED_MAX);
  return async (id) => {
    const cached = cache.get(id);
    const opened = cached ?? unseal(sealer, id);
    if (opened === undefined) return undefined;
    if (cached === undefined) cache.set(id, opened);
    return opened.expiresAtMs <= now() || (await directory.ended(id)) ? undefined : opened;
  };
}

function unseal(sealer: Sealer, id: string): OpenedSession | undefined {
  const text = sealer.open(PURPOSE, '', id);
  if (text === undefined) return undefined;
  const { i, s, t, v, c, n, x } = JSON.parse(text) as SealedSession;
  return {
    session: Object.freeze({ id, issuer: i, subject: s, tenant: t }),
    protocolVersion: v,
    capabilities: c,
    clientInfo: n,
    expiresAtMs: x,
  };
}
