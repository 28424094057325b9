/**
 * The cookies of the dashboard. With `__Host-` a browser takes them from this host only, over a secure connection (or
 * loopback), and for every path; so no other name or page can set them.
 */
import type { IncomingMessage } from 'node:http';
import { headerValues } from '@sallyport/server/listen/header-values';

/** The id of a session. */
export const SESSION_COOKIE = '__Host-sallyport-session';
/** What a sign-in under way brings back. */
export const SIGN_IN_COOKIE = '__Host-sallyport-sign-in';

const VALUE = /^[A-Za-z0-9_-]{1,4000}$/;

/** The value of a cookie; `undefined` when it is missing, malformed, or there twice. */
export function readCookie(request: IncomingMessage, name: string): string | undefined {
  const values = headerValues(request, 'cookie')
    .flatMap((header) => header.split(';'))
    .map((pair) => pair.trim())
    .filter((pair) => pair.startsWith(`${name}=`))
    .map((pair) => pair.slice(name.length + 1));
  const [value = ''] = values;
  return values.length === 1 && VALUE.test(value) ? value : undefined;
}

/** The session: never sent with a request that another site caused. */
export const sessionCookie = (id: string): string =>
  `${SESSION_COOKIE}=${id}; Path=/; Secure; HttpOnly; SameSite=Strict`;

const SIGN_IN_SECONDS = 600;

/** The issuer sends the browser back to us, so this one must come with a link from another site. */
export const signInCookie = (sealed: string): string =>
  `${SIGN_IN_COOKIE}=${sealed}; Path=/; Secure; HttpOnly; SameSite=Lax; Max-Age=${SIGN_IN_SECONDS}`;

/** Removes a cookie. */
export const expiredCookie = (name: string): string => `${name}=; Path=/; Secure; HttpOnly; SameSite=Strict; Max-Age=0`;
