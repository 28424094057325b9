/** OAuth 2.0 client credentials (RFC 6749, section 4.4): a token for this server itself, renewed as it expires. */
import type { Http } from './client.ts';
import type { SafePath } from './path.ts';

/**
 * Who asks, and for what.
 *
 * @example
 * ```ts
 * const client: ClientCredentials = {
 *   clientId: 'sallyport', clientSecret: () => readSecret('crm'), scopes: ['customers.read'],
 * };
 * ```
 */
export interface ClientCredentials {
  readonly clientId: string;
  /** Read for each token. */
  readonly clientSecret: () => string | Promise<string>;
  readonly scopes?: readonly string[];
}

const EARLY_MS = 30_000;
const LIFETIME_SECONDS_MAX = 86_400;
const LIFETIME_SECONDS = 300;
const TOKEN = /^[\x21-\x7e]{1,8192}$/;

/**
 * @param http to the authorization server; its address is the author's, never the one in a document.
 * @param target its token endpoint.
 * @returns a function that gives the token that is valid now; it throws an Error without a word of the server.
 * @example
 * ```ts
 * const token = clientCredentials(http('https://login.example.com'), path`/oauth2/token`, client);
 * ```
 */
export function clientCredentials(http: Http, target: SafePath, client: ClientCredentials): () => Promise<string> {
  let known: { readonly token: string; readonly untilMs: number } | undefined;
  let asking: Promise<string> | undefined;
  const ask = async (): Promise<string> => {
    const { clientId, clientSecret, scopes = [] } = client;
    const secret = encodeURIComponent(await clientSecret());
    const basic = Buffer.from(`${encodeURIComponent(clientId)}:${secret}`).toString('base64');
    const answer = await http.post({ signal: new AbortController().signal }, target, {
      headers: { authorization: `Basic ${basic}` },
      form: { grant_type: 'client_credentials', ...(scopes.length > 0 && { scope: scopes.join(' ') }) },
    });
    if (!answer.ok) throw new Error(`the authorization server gave no token (HTTP status ${answer.status})`);
    const { access_token: token, expires_in: seconds } = answer.json() as Record<string, unknown>;
    if (typeof token !== 'string' || !TOKEN.test(token)) throw new Error('the authorization server gave no token');
    const lifetime =
      typeof seconds === 'number' && seconds > 0 ? Math.min(seconds, LIFETIME_SECONDS_MAX) : LIFETIME_SECONDS;
    known = { token, untilMs: performance.now() + lifetime * 1_000 - EARLY_MS };
    return token;
  };
  return () => {
    if (known !== undefined && performance.now() < known.untilMs) return Promise.resolve(known.token);
    // Calls at the same time wait for one token.
    asking ??= ask().finally(() => {
      asking = undefined;
    });
    return asking;
  };
}
