/**
 * H3: a change with a session's cookie comes from a page of this listener: it has the token of the session, which no
 * other page can read, an Origin, and a body that no form can send.
 */
import { createHash, timingSafeEqual } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import { headerValues } from '@sallyport/server/listen/header-values';
import type { ApiCaller } from '../api/access.ts';
import { ApiProblem } from '../problem.ts';

/** @throws ApiProblem. A bearer token is no cookie: a browser does not send it by itself, so nothing is checked. */
export function checkOrigin(request: IncomingMessage, { session }: ApiCaller): void {
  if (session === undefined) return;
  // That the value is the listener's own was checked for every request.
  if (headerValues(request, 'origin').length !== 1) throw refused('The request has no Origin.');
  const site = headerValues(request, 'sec-fetch-site');
  if (site.length > 0 && site[0] !== 'same-origin') throw refused('The request is of another page.');
  if (!/^application\/json\s*(;|$)/i.test(request.headers['content-type'] ?? ''))
    throw refused('A change with a session must have the content type application/json.');
  const [token = '', repeated] = headerValues(request, 'x-csrf-token');
  if (repeated !== undefined || !isSame(token, session.csrfToken)) throw refused("X-CSRF-Token is not the session's.");
}

const refused = (detail: string): ApiProblem => new ApiProblem('CSRF', { detail });

function isSame(given: string, expected: string): boolean {
  const digest = (text: string): Buffer => createHash('sha256').update(text).digest();
  return timingSafeEqual(digest(given), digest(expected)) && expected !== '';
}
