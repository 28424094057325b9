/** `POST /auth/backchannel-logout`: an issuer ends the sessions of somebody (OpenID Connect Back-Channel Logout). */
import type { IncomingMessage } from 'node:http';
import { createByteBuffer } from '@sallyport/guard';
import { jsonResponse, type EndpointResponse } from '../endpoint.ts';
import type { SignInDeps } from './handle.ts';

/** Whose sessions end. */
export interface Logout {
  readonly issuer: string;
  readonly subject: string | undefined;
  readonly sid: string | undefined;
  /** What makes the token unique. */
  readonly once: string;
  readonly expiresAtMs: number;
}

/** @throws Error with what is wrong, for the log. */
export type VerifyLogoutToken = (token: string) => Promise<Logout>;

const BODY_BYTES_MAX = 32_768;
const REFUSED = jsonResponse(400, { error: 'invalid_request' });

/** The body is a form with `logout_token` and nothing that matters beside it. */
export async function backChannelLogout(deps: SignInDeps, request: IncomingMessage): Promise<EndpointResponse> {
  const type = request.headers['content-type'] ?? '';
  if (!/^application\/x-www-form-urlencoded\s*(;|$)/i.test(type)) return REFUSED;
  const body = await readForm(request);
  const [token, repeated] = body?.getAll('logout_token') ?? [];
  if (token === undefined || repeated !== undefined) return REFUSED;
  let logout: Logout;
  try {
    logout = await deps.verifyLogoutToken(token);
  } catch (thrown) {
    const cause = thrown instanceof Error ? thrown.message : String(thrown);
    deps.log('warn', 'a logout token was refused', { cause });
    return REFUSED;
  }
  const { issuer, subject, sid, once, expiresAtMs } = logout;
  if (!(await deps.store.takeOnce(`logout ${once}`, expiresAtMs, deps.clock.now()))) return REFUSED;
  await deps.store.endOf({ issuer, ...(subject !== undefined && { sub: subject }), ...(sid !== undefined && { sid }) });
  await deps.record('session.logout', '_', { issuer, ...(subject !== undefined && { subject }) });
  return { status: 200, type: 'text/plain; charset=utf-8', body: '' };
}

async function readForm(request: IncomingMessage): Promise<URLSearchParams | undefined> {
  const body = createByteBuffer();
  try {
    for await (const chunk of request.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>) {
      if (body.length + chunk.length > BODY_BYTES_MAX) return undefined;
      body.append(chunk);
    }
  } catch {
    return undefined;
  }
  return new URLSearchParams(body.take().toString());
}
