/**
 * The authorization server of the demo: OAuth 2.1 on `oidc-provider`, with a login page of its own. Off by default; a
 * deployment has an identity provider already.
 */
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { DatabaseSync } from 'node:sqlite';
import Provider, { errors, type Configuration } from 'oidc-provider';
import { openKeys } from './keys.ts';
import { createLogin, type SignInUser } from './login.ts';
import { createRows } from './rows.ts';

export type { SignInUser } from './login.ts';

export interface AuthorizationServerDeps {
  /** Its identifier: origin and the path `/oauth`. */
  readonly issuer: string;
  /** `aud` of every access token (RFC 8707): the gateway. */
  readonly resource: string;
  readonly users: readonly SignInUser[];
  readonly database: DatabaseSync;
  /** Keys are kept here, readable by the owner only. */
  readonly folder: string;
}

export interface AuthorizationServer {
  /** True when the request was for it and has been taken. */
  handle(request: IncomingMessage, response: ServerResponse): boolean;
}

const SCOPE = 'mcp';
const METADATA = new Set(['/.well-known/oauth-authorization-server/oauth', '/.well-known/openid-configuration/oauth', '/oauth/.well-known/oauth-authorization-server', '/oauth/.well-known/openid-configuration']);
const HOUR = 3_600;

export async function createAuthorizationServer(deps: AuthorizationServerDeps): Promise<AuthorizationServer> {
  const { jwks, cookieKeys } = await openKeys(deps.folder);
  const provider = new Provider(deps.issuer, { ...configuration(deps), jwks, cookies: { keys: cookieKeys, long: { sameSite: 'lax' }, short: { sameSite: 'lax' } }, adapter: createRows(deps.database) } as Configuration);
  const login = createLogin(provider, deps, SCOPE);
  const callback = provider.callback();
  const { host } = new URL(deps.issuer);
  return {
    handle(request, response) {
      const path = (request.url ?? '').split('?', 1)[0] ?? '';
      const isMetadata = METADATA.has(path);
      if (!isMetadata && path !== '/oauth' && !path.startsWith('/oauth/')) return false;
      if (path.startsWith('/oauth/interaction/')) {
        void login(request, response, path.slice('/oauth/interaction/'.length));
        return true;
      }
      const target = isMetadata ? '/oauth/.well-known/openid-configuration' : (request.url ?? '');
      // The issuer is what was configured: a Host header that somebody else chose must not get into an address (P19).
      request.headers.host = host;
      Object.assign(request, { originalUrl: target, baseUrl: '/oauth', url: target.slice('/oauth'.length) || '/' });
      void callback(request, response);
      return true;
    },
  };
}

function configuration({ users, resource }: AuthorizationServerDeps): Configuration {
  const claimsOf = (subject: string | undefined) => users.find((user) => user.subject === subject);
  return {
    clientDefaults: { application_type: 'native', grant_types: ['authorization_code', 'refresh_token'], response_types: ['code'], token_endpoint_auth_method: 'none' },
    clientAuthMethods: ['none', 'client_secret_basic', 'client_secret_post'],
    scopes: [SCOPE, 'offline_access'],
    responseTypes: ['code'],
    pkce: { required: () => true },
    findAccount: (_ctx, id) => (claimsOf(id) === undefined ? undefined : { accountId: id, claims: () => ({ sub: id }) }),
    extraTokenClaims: (_ctx, token) => {
      const user = claimsOf((token as { accountId?: string }).accountId);
      return user === undefined ? undefined : { tenant_id: user.tenant, roles: user.roles, ...(user.tier !== undefined && { tier: user.tier }) };
    },
    issueRefreshToken: async (_ctx, client) => client.grantTypeAllowed('refresh_token'),
    rotateRefreshToken: true,
    interactions: { url: (_ctx, interaction) => `/oauth/interaction/${interaction.uid}` },
    features: {
      devInteractions: { enabled: false }, registration: { enabled: true }, revocation: { enabled: true }, userinfo: { enabled: false }, rpInitiatedLogout: { enabled: false },
      resourceIndicators: {
        enabled: true, defaultResource: () => resource, useGrantedResource: () => true,
        getResourceServerInfo: (_ctx, indicator) => {
          if (indicator !== resource && !indicator.startsWith(`${resource}/`)) throw new errors.InvalidTarget();
          return { scope: SCOPE, audience: resource, accessTokenTTL: HOUR, accessTokenFormat: 'jwt', jwt: { sign: { alg: 'ES256' } } };
        },
      },
    },
    routes: { authorization: '/authorize', token: '/token', registration: '/register', jwks: '/jwks', revocation: '/revoke' },
    ttl: { AccessToken: HOUR, AuthorizationCode: 60, Grant: 14 * 24 * HOUR, Interaction: 600, RefreshToken: 14 * 24 * HOUR, Session: 24 * HOUR },
    renderError: (ctx, out) => {
      ctx.type = 'text';
      ctx.set({ 'Content-Security-Policy': "default-src 'none'; frame-ancestors 'none'", 'X-Content-Type-Options': 'nosniff' });
      ctx.body = `The request was refused: ${out.error}\n`;
    },
  };
}
