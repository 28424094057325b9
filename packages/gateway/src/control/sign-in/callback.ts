/** `GET /auth/callback`: the browser comes back from the issuer, and gets a session with a new id. */
import type { IncomingMessage } from 'node:http';
import type { Json } from '@sallyport/guard';
import type { EndpointResponse } from '../endpoint.ts';
import { expiredCookie, readCookie, sessionCookie, SIGN_IN_COOKIE } from './cookies.ts';
import type { SignedInPerson } from '../../sign-in-provider.ts';
import type { SignInDeps } from './handle.ts';
import { PENDING, redirect, type PendingSignIn } from './login.ts';
import { page } from './page.ts';

const CLAIM_CHARACTERS_MAX = 32_768;

/** The state must be the one of a sign-in that this browser began (login CSRF). */
export async function finishSignIn(deps: SignInDeps, request: IncomingMessage, url: URL): Promise<EndpointResponse> {
  const pending = pendingOf(deps, request, url);
  if (pending === undefined) return again(deps, 'This sign-in has ended, or it began in another browser.');
  const client = deps.offered().find(({ issuer }) => issuer === pending.issuer);
  if (client === undefined) return again(deps, 'This sign-in is not offered any more.');
  let person: SignedInPerson;
  try {
    person = await deps.provider.finish(client, url, pending.begun);
  } catch (thrown) {
    const cause = thrown instanceof Error ? thrown.message : String(thrown);
    deps.log('warn', 'a sign-in was refused', { issuer: client.issuer, cause });
    return again(deps, 'The issuer did not sign you in, or its answer was not right.');
  }
  if (JSON.stringify(person.claims).length > CLAIM_CHARACTERS_MAX)
    return again(deps, 'The issuer says too much about you.');
  const { issuer, clientId } = client;
  const subject = deps.subjectOf(issuer, person);
  if (subject === undefined) {
    deps.log('warn', 'a sign-in was refused', { issuer, cause: 'the ID token has no claims.subject' });
    return again(deps, 'The issuer does not say who you are in the way that this gateway is configured for.');
  }
  if (pending.person !== undefined && (pending.person.issuer !== issuer || pending.person.subject !== subject))
    return again(deps, 'Somebody else signed in. Your session is as it was.');
  const { authTimeSeconds = 0, claims, acr, sid } = person;
  const signedIn = { issuer, clientId, subject, claims, acr, sid, authTimeMs: authTimeSeconds * 1000 };
  const opened = await deps.sessions.begin(signedIn, pending.replaced);
  if (opened === undefined)
    return page(403, 'No access', 'You are signed in, and belong to no tenant of this gateway.', []);
  const { tenant } = opened.session;
  await deps.record('session.begin', tenant, {
    user: { issuer, subject },
    client_id: clientId,
    ...(acr !== undefined && { acr }),
    step_up: pending.person !== undefined,
  });
  return redirect(pending.returnTo, [sessionCookie(opened.id), expiredCookie(SIGN_IN_COOKIE)]);
}

/** `undefined` for a state that this browser did not begin. */
function pendingOf({ sealer, clock }: SignInDeps, request: IncomingMessage, url: URL): PendingSignIn | undefined {
  const [state, repeated] = url.searchParams.getAll('state');
  const sealed = readCookie(request, SIGN_IN_COOKIE);
  if (state === undefined || repeated !== undefined || sealed === undefined) return undefined;
  const opened = sealer.open(PENDING, state, sealed);
  if (opened === undefined) return undefined;
  // It was sealed here, so it has this shape.
  const pending = JSON.parse(opened) as Json as unknown as PendingSignIn;
  return pending.expiresAtMs > clock.now() ? pending : undefined;
}

const again = (_deps: SignInDeps, text: string): EndpointResponse => ({
  ...page(400, 'Sign-in ended', text, [{ href: '/auth/login', text: 'Sign in again' }]),
  cookies: [expiredCookie(SIGN_IN_COOKIE)],
});
