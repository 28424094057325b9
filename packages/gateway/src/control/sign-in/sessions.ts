/**
 * Sessions of browsers: an id of 256 bits in a cookie, and its hash in the store. Everything that a session says is
 * judged again with each request: the issuer, the tenant and the roles must still be what they were.
 */
import { createHash, randomBytes } from 'node:crypto';
import { tenantId, type Clock, type JsonObject, type Principal } from '@sallyport/guard';
import { claimedUser, principalKey } from '@sallyport/guard/stages';
import type { Snapshot } from '../../snapshot.ts';
import type { WebSession, WebSessionStore } from '../../web-sessions.ts';
import type { ApiCaller } from '../api/access.ts';
import { rolesOfPerson, stepUpAcrValuesOf, tenantsOfPerson } from '../roles.ts';

/** What sessions are judged by. */
export type SessionSettings = Pick<Snapshot, 'control' | 'tenants' | 'identity'>;

/** What sessions work with. */
export interface SessionDeps {
  readonly store: WebSessionStore;
  /** Keeps who signed in for which tenant, so that they are known in the channels of approvals. */
  readonly remember: (person: Person, tenant: string) => Promise<void>;
  readonly settings: () => SessionSettings;
  readonly clock: Clock;
}

/** Somebody who signed in. */
export interface SignedIn {
  readonly issuer: string;
  readonly clientId: string;
  readonly subject: string;
  readonly claims: JsonObject;
  /** 0 when the issuer does not say it. */
  readonly authTimeMs: number;
  readonly acr: string | undefined;
  readonly sid: string | undefined;
}

/** A session that was begun: the id for its cookie. */
export interface OpenedSession {
  readonly id: string;
  readonly session: WebSession;
}

/** Sessions of browsers. */
export interface Sessions {
  /** @param isUse whether the request counts as use, which puts off the end of an idle session. */
  callerOf(id: string, isUse: boolean): Promise<ApiCaller | undefined>;
  /** Begins a session in place of another one. @returns `undefined` for a person without a tenant. */
  begin(person: SignedIn, replaced: string | undefined): Promise<OpenedSession | undefined>;
  /** The same person in another of their tenants, with a new id. @returns `undefined` when it is not theirs. */
  changeTenant(idHash: string, tenant: string): Promise<OpenedSession | undefined>;
  end(idHash: string): Promise<void>;
}

const PER_PERSON_MAX = 20;
/** How exactly the last use is known. */
const SEEN_MS = 60_000;

/** The hash under which the store knows a session. */
export const sessionHash = (id: string): string => createHash('sha256').update(`sallyport session ${id}`).digest('hex');

const randomText = (): string => randomBytes(32).toString('base64url');

/** @param deps `settings` is read with each request, so that a reload takes effect at once. */
export function createSessions(deps: SessionDeps): Sessions {
  const { store, clock } = deps;
  const open = async (session: Omit<WebSession, 'idHash' | 'csrfToken'>): Promise<OpenedSession> => {
    const id = randomText();
    const opened = { ...session, idHash: sessionHash(id), csrfToken: randomText() };
    await store.insert(opened, PER_PERSON_MAX, clock.now());
    return { id, session: opened };
  };
  return {
    async callerOf(id, isUse) {
      const session = await store.find(sessionHash(id));
      if (session === undefined) return undefined;
      const caller = judge(session, deps);
      if (caller === undefined) await store.end(session.idHash);
      else if (isUse && clock.now() - session.lastSeenAtMs > SEEN_MS) await store.seen(session.idHash, clock.now());
      return caller;
    },
    async begin(person, replaced) {
      if (replaced !== undefined) await store.end(replaced);
      const settings = deps.settings();
      const [tenant] = tenantsOf(person, settings);
      if (tenant === undefined) return undefined;
      await deps.remember(person, tenant);
      const nowMs = clock.now();
      const times = {
        createdAtMs: nowMs,
        lastSeenAtMs: nowMs,
        expiresAtMs: nowMs + settings.control.session.lifetimeMs,
      };
      return open({ ...person, ...times, tenant, roles: rolesText({ ...person, tenant }, settings) });
    },
    async changeTenant(idHash, tenant) {
      const session = await store.find(idHash);
      const settings = deps.settings();
      if (session === undefined || !tenantsOf(session, settings).includes(tenant)) return undefined;
      await store.end(idHash);
      await deps.remember(session, tenant);
      return open({ ...session, tenant, roles: rolesText({ ...session, tenant }, settings) });
    },
    end: async (idHash) => store.end(idHash),
  };
}

/** @returns the caller; `undefined` when the session is over. */
function judge(session: WebSession, { settings, clock }: SessionDeps): ApiCaller | undefined {
  const current = settings();
  const { idHash, csrfToken, authTimeMs, acr, expiresAtMs, lastSeenAtMs, createdAtMs, tenant } = session;
  const nowMs = clock.now();
  const endsAtMs = Math.min(expiresAtMs, createdAtMs + current.control.session.lifetimeMs);
  if (nowMs >= endsAtMs || nowMs - lastSeenAtMs >= current.control.session.idleMs) return undefined;
  const tenants = tenantsOf(session, current);
  const principal = principalOf(session, current);
  if (principal === undefined || !tenants.includes(tenant)) return undefined;
  // Other roles than it began with: the person signs in again, and gets an id that nobody knew before.
  if (rolesText(session, current) !== session.roles) return undefined;
  const identity = { principal, tenant: { id: tenantId(tenant) } };
  return {
    ...identity,
    ...rolesOfPerson(identity, current),
    stepUpAcrValues: stepUpAcrValuesOf(session.issuer, current),
    session: { idHash, csrfToken, authTimeMs, acr, expiresAtMs: endsAtMs, tenants },
  };
}

/** Somebody as an issuer named them to one of its clients. */
export type Person = Pick<WebSession, 'issuer' | 'clientId' | 'subject' | 'claims'>;

/** `undefined` when people do not sign in there any more. */
export function principalOf(
  { issuer, clientId, subject, claims }: Person,
  settings: SessionSettings,
): Principal | undefined {
  const isOffered = settings.control.signIn.some(
    (offered) => offered.issuer === issuer && offered.clientId === clientId,
  );
  const configured = settings.identity.issuers.find((one) => one.issuer === issuer);
  if (!isOffered || configured === undefined) return undefined;
  const { user, tenantClaim } = claimedUser(subject, claims, configured);
  const agent = { clientId, actors: [] };
  return {
    user,
    agent,
    scopes: [],
    tenantClaim,
    tier: undefined,
    expiresAtMs: undefined,
    key: principalKey(user, agent, tenantClaim),
  };
}

/** The tenants in which a person may act, that of their own claim first. */
export function tenantsOf(person: Person, settings: SessionSettings): readonly string[] {
  const principal = principalOf(person, settings);
  return principal === undefined ? [] : tenantsOfPerson(principal, settings);
}

function rolesText(person: Person & { readonly tenant: string }, settings: SessionSettings): string {
  const principal = principalOf(person, settings);
  if (principal === undefined) return '';
  const { roles, installationRoles } = rolesOfPerson({ principal, tenant: { id: tenantId(person.tenant) } }, settings);
  return JSON.stringify([[...roles].sort(), [...installationRoles].sort()]);
}
