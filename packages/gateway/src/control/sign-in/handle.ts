/** What browsers and issuers ask outside the API: `/auth/login`, `/auth/callback` and `/auth/backchannel-logout`. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Clock, JsonObject, Log, Sealer } from '@sallyport/guard';
import type { SignedInPerson, SignInProvider } from '../../sign-in-provider.ts';
import type { SignInSettings } from '../../snapshot.ts';
import type { WebSessionStore } from '../../web-sessions.ts';
import { NOT_FOUND, sendResponse, type EndpointResponse } from '../endpoint.ts';
import { backChannelLogout, type VerifyLogoutToken } from './back-channel-logout.ts';
import { finishSignIn } from './callback.ts';
import { beginSignIn } from './login.ts';
import { page } from './page.ts';
import type { Sessions } from './sessions.ts';

/** What the sign-in works with. */
export interface SignInDeps {
  readonly provider: SignInProvider;
  readonly sessions: Sessions;
  readonly store: WebSessionStore;
  readonly sealer: Sealer;
  readonly clock: Clock;
  readonly log: Log;
  /** The issuers with which people sign in now. */
  readonly offered: () => readonly SignInSettings[];
  /** The value by which access tokens of an issuer name somebody; `undefined` when the ID token does not say it. */
  readonly subjectOf: (issuer: string, person: SignedInPerson) => string | undefined;
  /** Origin of this listener, as browsers reach it. */
  readonly publicUrl: string;
  readonly verifyLogoutToken: VerifyLogoutToken;
  /** @throws ApiProblem for an address that asks too often. */
  readonly limit: (request: IncomingMessage) => Promise<void>;
  /** Records that somebody signed in or was signed out. */
  readonly record: (event: string, tenant: string, fields: JsonObject) => Promise<void>;
}

type Handler = (deps: SignInDeps, request: IncomingMessage, url: URL) => Promise<EndpointResponse>;

const HANDLERS: Readonly<Record<string, readonly [method: 'GET' | 'POST', handler: Handler]>> = {
  '/auth/login': ['GET', beginSignIn],
  '/auth/callback': ['GET', finishSignIn],
  '/auth/backchannel-logout': ['POST', backChannelLogout],
};

/** The paths that exist, for tests. */
export const SIGN_IN_PATHS: readonly string[] = Object.keys(HANDLERS);

/** Answers what begins with `/auth/`. Never throws. */
export function createSignInHandler(deps: SignInDeps): (request: IncomingMessage, response: ServerResponse) => void {
  return (request, response) => {
    answer(deps, request)
      .catch((thrown: unknown) => {
        const cause = thrown instanceof Error ? thrown.message : String(thrown);
        deps.log('error', 'a sign-in failed', { cause });
        return page(500, 'Sign-in failed', 'The reason is in the log of the gateway.', RETRY);
      })
      .then((done) => sendResponse(response, done))
      .catch(() => response.destroy());
  };
}

const RETRY = [{ href: '/auth/login', text: 'Sign in again' }];

async function answer(deps: SignInDeps, request: IncomingMessage): Promise<EndpointResponse> {
  const url = URL.parse(request.url ?? '', deps.publicUrl);
  const entry = url === null || !Object.hasOwn(HANDLERS, url.pathname) ? undefined : HANDLERS[url.pathname];
  if (url === null || entry === undefined) return NOT_FOUND;
  const [method, handler] = entry;
  // HEAD of a page that sets a cookie would be a sign-in without a reader (link previews, U10).
  if (request.method !== method)
    return { ...page(405, 'Not allowed', 'Open this address in a browser.', []), headers: { Allow: method } };
  await deps.limit(request);
  return handler(deps, request, url);
}
