/**
 * Legacy session ids: sealed, so that nothing is kept here. They name the user and tenant that opened them, survive a token
 * refresh and a restart, and open for nobody else: the guard compares them with the caller of every request.
 */
import { randomBytes } from 'node:crypto';
import type { JsonObject, Principal, Sealer, Session, SessionDirectory, Tenant } from '@sallyport/guard';

export interface OpenedSession {
  readonly session: Session;
  readonly protocolVersion: string;
  readonly capabilities: JsonObject;
  readonly clientInfo: JsonObject | undefined;
  /** Milliseconds since the epoch. */
  readonly expiresAt: number;
}

interface Sealed {
  readonly i: string;
  readonly s: string;
  readonly t: string;
  readonly v: string;
  readonly c: JsonObject;
  readonly n?: JsonObject;
  readonly x: number;
  readonly r: string;
}

const PURPOSE = 'session';
const CAPABILITIES = ['roots', 'sampling', 'elicitation', 'tasks'];
const PART_BYTES_MAX = 1_024;

export interface NewSession {
  readonly principal: Principal;
  readonly tenant: Tenant;
  readonly protocolVersion: string;
  readonly capabilities: JsonObject;
  readonly clientInfo: JsonObject | undefined;
  readonly expiresAt: number;
}

/** A fresh id for what `initialize` agreed on. */
export function sealSession(
  sealer: Sealer,
  { principal, tenant, protocolVersion, capabilities, clientInfo, expiresAt }: NewSession,
): string {
  const known = (names: readonly string[]): JsonObject =>
    Object.fromEntries(Object.entries(capabilities).filter(([name]) => names.includes(name)));
  const small = (value: JsonObject): boolean => JSON.stringify(value).length <= PART_BYTES_MAX;
  const plain: Sealed = {
    i: principal.user.issuer,
    s: principal.user.subject,
    t: tenant.id,
    v: protocolVersion,
    c: [known([...CAPABILITIES, 'extensions']), known(CAPABILITIES)].find(small) ?? {},
    ...(clientInfo !== undefined && small(clientInfo) && { n: clientInfo }),
    x: expiresAt,
    r: randomBytes(16).toString('base64url'),
  };
  return sealer.seal(PURPOSE, '', JSON.stringify(plain));
}

/** @returns `undefined` for anything that is not a session of this gateway that still lasts. */
export type SessionReader = (id: string) => Promise<OpenedSession | undefined>;

const REMEMBERED_MAX = 2_000;

/** What an id opens to never changes, so it is remembered for those in use; whether it still lasts is asked each time. */
export function createSessionReader(sealer: Sealer, directory: SessionDirectory, now: () => number): SessionReader {
  const remembered = new Map<string, OpenedSession>();
  return async (id) => {
    let opened = remembered.get(id);
    if (opened === undefined) {
      opened = unseal(sealer, id);
      if (opened === undefined) return undefined;
      if (remembered.size >= REMEMBERED_MAX) remembered.delete(remembered.keys().next().value as string);
      remembered.set(id, opened);
    }
    return opened.expiresAt <= now() || (await directory.ended(id)) ? undefined : opened;
  };
}

function unseal(sealer: Sealer, id: string): OpenedSession | undefined {
  const plain = sealer.open(PURPOSE, '', id);
  if (plain === undefined) return undefined;
  const { i, s, t, v, c, n, x } = JSON.parse(plain) as Sealed;
  return {
    session: Object.freeze({ id, issuer: i, subject: s, tenant: t }),
    protocolVersion: v,
    capabilities: c,
    clientInfo: n,
    expiresAt: x,
  };
}
