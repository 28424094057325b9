/**
 * Login and consent on one page: who asks, where the answer goes, and a password. The page has no script, cannot be
 * framed, and accepts a form only from itself and from the browser that the interaction belongs to.
 */
import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type Provider from 'oidc-provider';
import { page } from './page.ts';

export interface SignInUser {
  readonly subject: string;
  readonly name: string;
  readonly tenant: string;
  readonly roles: readonly string[];
  readonly tier: string | undefined;
  readonly password: string;
}

interface LoginDeps {
  readonly issuer: string;
  readonly resource: string;
  readonly users: readonly SignInUser[];
}

const BODY_MAX = 4_096;
const TRIES_MAX = 10;

export function createLogin(provider: Provider, { issuer, resource, users }: LoginDeps, scope: string): (request: IncomingMessage, response: ServerResponse, uid: string) => Promise<void> {
  const forms = new Map<string, { readonly token: string; tries: number }>();
  const { origin } = new URL(issuer);
  const show = async (request: IncomingMessage, response: ServerResponse, problem?: string): Promise<void> => {
    const { uid, params } = await provider.interactionDetails(request, response);
    const client = await provider.Client.find(String(params['client_id']));
    const form = forms.get(uid) ?? { token: randomBytes(24).toString('base64url'), tries: 0 };
    if (forms.size > 1_000) forms.delete(forms.keys().next().value as string);
    forms.set(uid, form);
    send(response, problem === undefined ? 200 : 401, page({
      client: client?.clientName ?? String(params['client_id']), redirectHost: new URL(String(params['redirect_uri'])).host, action: `/oauth/interaction/${uid}`, token: form.token, problem,
    }));
  };
  const submit = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const { uid, params, grantId } = await provider.interactionDetails(request, response);
    const fields = new URLSearchParams(await bodyOf(request));
    const form = forms.get(uid);
    if (request.headers.origin !== origin || form === undefined || !same(fields.get('token') ?? '', form.token)) return send(response, 403, refusal('The form is not from this page. Go back and try again.'));
    if (fields.get('answer') === 'cancel') return provider.interactionFinished(request, response, { error: 'access_denied', error_description: 'the user refused' });
    const user = users.find((one) => one.subject === fields.get('user'));
    const right = same(fields.get('password') ?? '', user?.password ?? '');
    if (++form.tries > TRIES_MAX) return send(response, 429, refusal('Too many tries. Start again from your client.'));
    if (user === undefined || !right) return show(request, response, 'The user name or the password is not right.');
    forms.delete(uid);
    const existing = grantId === undefined ? undefined : await provider.Grant.find(grantId);
    const grant = existing ?? new provider.Grant({ accountId: user.subject, clientId: String(params['client_id']) });
    for (const wanted of [params['resource'] ?? resource].flat()) grant.addResourceScope(String(wanted), scope);
    grant.addOIDCScope('offline_access');
    await provider.interactionFinished(request, response, { login: { accountId: user.subject }, consent: { grantId: await grant.save() } }, { mergeWithLastSubmission: false });
  };
  return async (request, response) => {
    try {
      if (request.method === 'GET') await show(request, response);
      else if (request.method === 'POST') await submit(request, response);
      else send(response, 405, refusal('Method not allowed.'));
    } catch {
      if (!response.headersSent) send(response, 400, refusal('This sign-in has ended. Start again from your client.'));
    }
  };
}

const refusal = (text: string): string => `<!doctype html><meta charset="utf-8"><title>Sallyport</title><p>${text}</p>`;

function same(given: string, wanted: string): boolean {
  const digest = (text: string): Buffer => createHash('sha256').update(text).digest();
  return timingSafeEqual(digest(given), digest(wanted)) && wanted !== '';
}

async function bodyOf(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    if (bytes > BODY_MAX) throw new Error('the form is too large');
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString();
}

function send(response: ServerResponse, status: number, html: string): void {
  response.writeHead(status, {
    'Content-Type': 'text/html; charset=utf-8', 'Cache-Control': 'no-store', 'X-Frame-Options': 'DENY', 'X-Content-Type-Options': 'nosniff', 'Referrer-Policy': 'same-origin',
    // No form-action: Chromium applies it to the redirect back to the client as well.
    'Content-Security-Policy': "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'; base-uri 'none'",
  }).end(html);
}
