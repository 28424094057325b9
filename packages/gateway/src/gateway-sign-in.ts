/** Composition of the sign-in: who sends a request to the admin listener, and how people get a session there. */
import type { IncomingMessage } from 'node:http';
import type { Guard, JsonObject } from '@sallyport/guard';
import { logRecord } from '@sallyport/guard/audit';
import { createMemoryRateLimiter } from '@sallyport/guard/memory';
import { addressRule, readAuthorization, subjectOfIdToken, type JwtIssuer } from '@sallyport/guard/stages';
import { verifyLogoutToken } from './adapters/openid-client/logout-token.ts';
import { createRelyingParty } from './adapters/openid-client/relying-party.ts';
import type { KnownPerson } from './channels/people.ts';
import type { ApiCaller } from './control/api/access.ts';
import type { ServeDeps } from './control/api/serve.ts';
import { ApiProblem } from './control/problem.ts';
import { rolesOfToken, stepUpAcrValuesOf } from './control/roles.ts';
import { readCookie, SESSION_COOKIE } from './control/sign-in/cookies.ts';
import type { SignInDeps } from './control/sign-in/handle.ts';
import { createSessions, type Sessions } from './control/sign-in/sessions.ts';
import { headerValues } from '@sallyport/server/listen/header-values';
import type { GuardedUpstreams, Resources } from './resources.ts';

/** What the admin listener knows callers by. */
export interface OpenedSignIn {
  readonly sessions: Sessions;
  readonly authenticate: ServeDeps['authenticate'];
  readonly signIn: SignInDeps;
}

/** Sessions, and the limits on who asks without one. */
export function openSignInOf(resources: Resources, guarded: GuardedUpstreams): OpenedSignIn {
  const { clock, settings, store, log } = resources;
  const sessions = createSessions({
    store: store.webSessions,
    remember: ({ issuer, clientId, subject, claims }, tenant) =>
      rememberPerson(resources, { tenant, issuer, clientId, subject, claims, atMs: clock.now() }).catch(
        (thrown: unknown) => log('warn', 'who signed in is not known in channels', { cause: String(thrown) }),
      ),
    settings: () => settings.current().snapshot,
    clock,
  });
  const limits = createAddressLimits(resources);
  return {
    sessions,
    authenticate: (request, isUse) =>
      limits.count(request, () => authenticate(resources, guarded.guard, sessions, request, isUse)),
    signIn: signInDeps(resources, guarded, sessions, limits.take),
  };
}

/** Whoever has not signed in for long is forgotten meanwhile. */
async function rememberPerson({ database, settings }: Resources, person: KnownPerson): Promise<void> {
  await database.people.forget(person.atMs - settings.current().snapshot.approvals.channels.signInWithinMs);
  await database.people.remember(person);
}

function signInDeps(
  { audit, clock, log, sealer, settings, store }: Resources,
  { issuerKeys }: GuardedUpstreams,
  sessions: Sessions,
  limit: (request: IncomingMessage) => Promise<void>,
): SignInDeps {
  const snapshot = () => settings.current().snapshot;
  const issuerOf = (name: string): { issuer: JwtIssuer; clientIds: readonly string[] } | undefined => {
    const issuer = snapshot().identity.issuers.find((configured) => configured.issuer === name);
    const offered = snapshot().control.signIn.filter((one) => one.issuer === name);
    return issuer === undefined || offered.length === 0
      ? undefined
      : { issuer, clientIds: offered.map(({ clientId }) => clientId) };
  };
  return {
    provider: createRelyingParty(),
    sessions,
    store: store.webSessions,
    sealer,
    clock,
    log,
    offered: () => snapshot().control.signIn,
    subjectOf(name, { claims }) {
      const issuer = snapshot().identity.issuers.find((configured) => configured.issuer === name);
      return issuer === undefined ? undefined : subjectOfIdToken(claims, issuer);
    },
    publicUrl: snapshot().admin.publicUrl,
    verifyLogoutToken: (token) => verifyLogoutToken(token, { issuerOf, keys: issuerKeys, nowMs: () => clock.now() }),
    limit,
    record: (event, tenant, fields: JsonObject) => audit.append(tenant, logRecord(event, fields, clock.now())),
  };
}

/**
 * Who sends a request. A credential that is not meant for the control API is none. An `Authorization` header alone
 * counts where there is one: a session's cookie beside it changes nothing.
 */
async function authenticate(
  { settings }: Resources,
  guard: Guard,
  sessions: Sessions,
  request: IncomingMessage,
  isUse: boolean,
): Promise<ApiCaller | undefined> {
  const credentials = readAuthorization(headerValues(request, 'authorization'));
  if (credentials.kind === 'none') {
    const id = readCookie(request, SESSION_COOKIE);
    return id === undefined ? undefined : sessions.callerOf(id, isUse);
  }
  const identity = await guard.identify(credentials);
  const { snapshot } = settings.current();
  const roles = rolesOfToken(identity, snapshot);
  if (roles === undefined) return undefined;
  const stepUpAcrValues = stepUpAcrValuesOf(identity.principal.user.issuer, snapshot);
  return { ...identity, ...roles, stepUpAcrValues, session: undefined };
}

/** Limits of addresses on the admin listener, as before authentication on the other one. */
function createAddressLimits({ settings, steadyClock, metrics }: Resources) {
  const all = createMemoryRateLimiter(steadyClock);
  const refused = createMemoryRateLimiter(steadyClock);
  const addressOf = (request: IncomingMessage): string => request.socket.remoteAddress ?? '';
  const takeFrom = async (limiter: typeof all, request: IncomingMessage, perMinute: number): Promise<void> => {
    const verdict = await limiter.take([addressRule(addressOf(request), perMinute)]);
    if (verdict.allowed) return;
    metrics.limited('address', '', '');
    throw new ApiProblem('RATE_LIMITED', {
      detail: 'Too many requests of this address.',
      headers: { 'Retry-After': '60' },
    });
  };
  const take = (request: IncomingMessage): Promise<void> =>
    takeFrom(all, request, settings.current().snapshot.gateway.addressLimitPerMinute);
  return {
    take,
    /** Wrong credentials have a limit of their own, which is lower. */
    async count(request: IncomingMessage, judge: () => Promise<ApiCaller | undefined>): Promise<ApiCaller | undefined> {
      await take(request);
      let caller: ApiCaller | undefined;
      try {
        caller = await judge();
        return caller;
      } finally {
        if (caller === undefined) await takeFrom(refused, request, settings.current().snapshot.refusalsPerMinute);
      }
    },
  };
}
