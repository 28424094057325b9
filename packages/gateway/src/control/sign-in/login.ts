/** `GET /auth/login`: sends the browser to the issuer. Nothing changes but a cookie of this browser. */
import type { IncomingMessage } from 'node:http';
import { headerValues } from '@sallyport/server/listen/header-values';
import type { EndpointResponse } from '../endpoint.ts';
import { readCookie, SESSION_COOKIE, signInCookie } from './cookies.ts';
import type { BegunSignIn } from '../../sign-in-provider.ts';
import type { SignInDeps } from './handle.ts';
import { page } from './page.ts';
import { localPath } from './return-to.ts';
import { sessionHash } from './sessions.ts';

/** What the cookie of a sign-in under way holds. */
export interface PendingSignIn {
  readonly issuer: string;
  readonly begun: BegunSignIn;
  readonly returnTo: string;
  /** Of the session that this one replaces. */
  readonly replaced: string | undefined;
  /** Set for a step-up: only this person may come back. */
  readonly person: { readonly issuer: string; readonly subject: string } | undefined;
  readonly expiresAtMs: number;
}

/** Purpose of the seal. */
export const PENDING = 'sign-in under way';
const PENDING_MS = 600_000;

/** The query may have `return_to`, `issuer` and `step_up=1`. */
export async function beginSignIn(deps: SignInDeps, request: IncomingMessage, url: URL): Promise<EndpointResponse> {
  if (isEmbedded(request))
    return page(403, 'Not allowed', 'Sign in from a page of its own, not from within another one.', []);
  // The issuer sends the browser back to the public address, where a cookie of another name is not sent.
  if (request.headers.host !== new URL(deps.publicUrl).host)
    return redirect(`${deps.publicUrl}${url.pathname}${url.search}`);
  const returnTo = localPath(url.searchParams.get('return_to'));
  const offered = deps.offered();
  const wanted = url.searchParams.get('issuer');
  const [client, second] = wanted === null ? offered : offered.filter(({ issuer }) => issuer === wanted);
  if (client === undefined)
    return page(
      404,
      'No sign-in',
      'This gateway offers no sign-in: its configuration (control.signIn) names no such issuer.',
      [],
    );
  if (second !== undefined)
    return choose(
      offered.map(({ issuer }) => issuer),
      url,
    );
  const session = readCookie(request, SESSION_COOKIE);
  const isStepUp = url.searchParams.get('step_up') === '1';
  const caller = session === undefined ? undefined : await deps.sessions.callerOf(session, true);
  const { url: target, begun } = await deps.provider.begin(
    client,
    `${deps.publicUrl}/auth/callback`,
    isStepUp ? { acrValues: client.stepUpAcrValues } : undefined,
  );
  const pending: PendingSignIn = {
    issuer: client.issuer,
    begun,
    returnTo,
    replaced: session === undefined ? undefined : sessionHash(session),
    person: isStepUp ? caller?.principal.user : undefined,
    expiresAtMs: deps.clock.now() + PENDING_MS,
  };
  const sealed = deps.sealer.seal(PENDING, begun.state, JSON.stringify(trimmed(pending)));
  return redirect(target, [signInCookie(sealed)]);
}

/** The claims of a person are too large for a cookie. */
const trimmed = (pending: PendingSignIn): PendingSignIn =>
  pending.person === undefined
    ? pending
    : { ...pending, person: { issuer: pending.person.issuer, subject: pending.person.subject } };

/** A frame or an image must not begin a sign-in. */
function isEmbedded(request: IncomingMessage): boolean {
  const [destination = 'document'] = headerValues(request, 'sec-fetch-dest');
  return destination !== 'document';
}

function choose(issuers: readonly string[], url: URL): EndpointResponse {
  const links = issuers.map((issuer) => {
    const query = new URLSearchParams(url.searchParams);
    query.set('issuer', issuer);
    return { href: `/auth/login?${query.toString()}`, text: issuer };
  });
  return page(200, 'Sign in', 'With whom do you sign in?', links);
}

/** A redirect that a browser follows with GET. */
export const redirect = (location: string, cookies: readonly string[] = []): EndpointResponse => ({
  status: 303,
  type: 'text/plain; charset=utf-8',
  body: '',
  headers: { Location: location },
  cookies,
});
