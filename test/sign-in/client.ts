/** An OAuth client made of requests, so that each of them can be wrong in one way. */
import { createHash, randomBytes } from 'node:crypto';
import { decodeJwt, type JWTPayload } from 'jose';
import type { SignInUser } from '../../packages/gateway/src/adapters/oidc-provider/server.ts';
import { Browser, locationOf, type Page } from './browser.ts';
import type { SignInGateway } from './gateway.ts';

export const CALLBACK = 'http://127.0.0.1:8765/callback';

export interface Answer {
  readonly status: number;
  readonly body: Record<string, unknown>;
  readonly headers: Headers;
}

export interface Started {
  readonly url: string;
  readonly verifier: string;
  readonly state: string;
}

export interface Tokens {
  readonly access: string;
  readonly refresh: string;
  readonly claims: JWTPayload;
}

async function answered(response: Response): Promise<Answer> {
  const text = await response.text();
  return {
    status: response.status,
    headers: response.headers,
    body: text.startsWith('{') ? (JSON.parse(text) as Record<string, unknown>) : { text },
  };
}

export const register = async ({ url }: SignInGateway, metadata: Record<string, unknown> = {}): Promise<Answer> =>
  answered(
    await fetch(`${url}/oauth/register`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ client_name: 'Test client', redirect_uris: [CALLBACK], ...metadata }),
    }),
  );

export async function registered(gateway: SignInGateway, metadata: Record<string, unknown> = {}): Promise<string> {
  const { status, body } = await register(gateway, metadata);
  if (status !== 201) throw new Error(`${status} ${JSON.stringify(body)}`);
  return String(body['client_id']);
}

/** @param params what differs from a proper request; `undefined` leaves a parameter out. */
export function authorization(
  { url, resource }: SignInGateway,
  client: string,
  params: Record<string, string | undefined> = {},
): Started {
  const verifier = randomBytes(32).toString('base64url');
  const state = randomBytes(8).toString('hex');
  const all = {
    client_id: client,
    response_type: 'code',
    redirect_uri: CALLBACK,
    state,
    scope: 'mcp',
    resource,
    code_challenge_method: 'S256',
    code_challenge: createHash('sha256').update(verifier).digest('base64url'),
    ...params,
  };
  const query = new URLSearchParams(
    Object.entries(all).filter((entry): entry is [string, string] => entry[1] !== undefined),
  );
  return { url: `${url}/oauth/authorize?${query}`, verifier, state };
}

export const allow = (browser: Browser, page: Page, user: Pick<SignInUser, 'subject' | 'password'>): Promise<Page> =>
  browser.submit(page, { user: user.subject, password: user.password, answer: 'allow' });

/** What the redirect back to the client says. @throws Error when there was none. */
export function returned(page: Page): URLSearchParams {
  const location = page.status === 303 || page.status === 302 ? new URL(locationOf(page)) : undefined;
  if (location === undefined || `${location.origin}${location.pathname}` !== CALLBACK)
    throw new Error(
      `not back at the client: ${page.url} ${page.status} ` +
        (location?.href ?? page.text.slice(page.text.indexOf('<main>'))),
    );
  return location.hash === '' ? location.searchParams : new URLSearchParams(location.hash.slice(1));
}

export const post = async (
  { url }: SignInGateway,
  endpoint: 'token' | 'revoke',
  fields: Record<string, string>,
): Promise<Answer> =>
  answered(await fetch(`${url}/oauth/${endpoint}`, { method: 'POST', body: new URLSearchParams(fields) }));

export const redeem = (
  gateway: SignInGateway,
  fields: { client_id: string; code: string; code_verifier: string } & Record<string, string>,
): Promise<Answer> => post(gateway, 'token', { grant_type: 'authorization_code', redirect_uri: CALLBACK, ...fields });

export const refresh = (
  gateway: SignInGateway,
  client: string,
  token: string,
  more: Record<string, string> = {},
): Promise<Answer> =>
  post(gateway, 'token', { grant_type: 'refresh_token', client_id: client, refresh_token: token, ...more });

export function tokensOf({ status, body }: Answer): Tokens {
  if (status !== 200) throw new Error(`${status} ${JSON.stringify(body)}`);
  const access = String(body['access_token']);
  return { access, refresh: String(body['refresh_token']), claims: decodeJwt(access) };
}

/** The whole flow up to the code. */
export async function codeFor(
  gateway: SignInGateway,
  client: string,
  user: SignInUser,
  more: { browser?: Browser; params?: Record<string, string | undefined> } = {},
): Promise<{ readonly code: string; readonly verifier: string }> {
  const browser = more.browser ?? new Browser();
  const started = authorization(gateway, client, more.params);
  const back = returned(await allow(browser, await browser.open(started.url), user));
  if (back.get('code') === null) throw new Error(back.toString());
  return { code: back.get('code') ?? '', verifier: started.verifier };
}

export async function signIn(
  gateway: SignInGateway,
  client: string,
  user: SignInUser,
  more: { browser?: Browser; params?: Record<string, string | undefined> } = {},
): Promise<Tokens> {
  const { code, verifier } = await codeFor(gateway, client, user, more);
  return tokensOf(await redeem(gateway, { client_id: client, code, code_verifier: verifier }));
}

/** `tools/list` with a token: the names, or the status that refused it. */
export async function toolsOf(
  { url }: SignInGateway,
  token: string,
  path = '/mcp/fixture',
): Promise<readonly string[] | number> {
  const meta = {
    'io.modelcontextprotocol/protocolVersion': '2026-07-28',
    'io.modelcontextprotocol/clientCapabilities': {},
  };
  const response = await fetch(`${url}${path}`, {
    method: 'POST',
    body: JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'tools/list', params: { _meta: meta } }),
    headers: {
      authorization: `Bearer ${token}`,
      'content-type': 'application/json',
      accept: 'application/json, text/event-stream',
      'mcp-protocol-version': '2026-07-28',
      'mcp-method': 'tools/list',
    },
  });
  const { body } = await answered(response);
  return response.status === 200
    ? (body['result'] as { tools: { name: string }[] }).tools.map(({ name }) => name)
    : response.status;
}
