/**
 * The authorization server of the demo: OAuth 2.1 on `oidc-provider`, with its own login page. It is off by default,
 * because a deployment has an identity provider already.
 */
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { DatabaseSync } from 'node:sqlite';
import Provider, {
  errors,
  interactionPolicy,
  type ClientMetadata,
  type Configuration,
  type KoaContextWithOIDC,
} from 'oidc-provider';
import { setSecurityHeaders } from '@sallyport/server/listen/security-headers';
import { openSignInKeys } from './keys.ts';
import { deviceFlow } from './device.ts';
import { createLogin, type SignInUser } from './login.ts';
import { PAGE_POLICY, refused } from './page.ts';
import { DEVICE_CODE, limitMetadata } from './registration.ts';
import { createRows } from './rows.ts';

export type { SignInUser } from './login.ts';

/** Settings of the authorization server. */
export interface AuthorizationServerDeps {
  /** Its identifier: origin and the path `/oauth`. */
  readonly issuer: string;
  /** `aud` of every access token (RFC 8707): the gateway. */
  readonly resource: string;
  readonly users: readonly SignInUser[];
  readonly database: DatabaseSync;
  /** The folder of the keys, which only the owner can read. */
  readonly folder: string;
  /** Clients of the gateway itself, which need no registration: the dashboard and the command line. */
  readonly ownClients?: readonly OwnClient[];
}

/** A client that belongs to the gateway. */
export interface OwnClient {
  readonly clientId: string;
  readonly name: string;
  /** Where the browser goes after the sign-in; `undefined` for a client that signs in by a device code (RFC 8628). */
  readonly redirectUri: string | undefined;
}

/** The request handler of the authorization server. */
export interface AuthorizationServer {
  /** @returns true when the request is for the authorization server, which then answers it. */
  handle(request: IncomingMessage, response: ServerResponse): boolean;
}

const SCOPE = 'mcp';
const METADATA = new Set([
  '/.well-known/oauth-authorization-server/oauth',
  '/.well-known/openid-configuration/oauth',
  '/oauth/.well-known/oauth-authorization-server',
  '/oauth/.well-known/openid-configuration',
]);
const AUTHORIZE = '/authorize';
const HOUR_SECONDS = 3_600;
const ROUTES = {
  authorization: AUTHORIZE,
  token: '/token',
  registration: '/register',
  jwks: '/jwks',
  revocation: '/revoke',
  device_authorization: '/device/authorize',
  code_verification: '/device',
};
const TTL_SECONDS = {
  AccessToken: HOUR_SECONDS,
  AuthorizationCode: 60,
  DeviceCode: 600,
  Grant: 14 * 24 * HOUR_SECONDS,
  IdToken: HOUR_SECONDS,
  Interaction: 600,
  RefreshToken: 14 * 24 * HOUR_SECONDS,
  Session: 24 * HOUR_SECONDS,
};

/** @returns a server whose clients, grants and keys outlive a restart. */
export async function createAuthorizationServer(deps: AuthorizationServerDeps): Promise<AuthorizationServer> {
  const { jwks, cookieKeys } = await openSignInKeys(deps.folder);
  const provider = new Provider(deps.issuer, {
    ...configuration(deps),
    jwks,
    cookies: { keys: cookieKeys, long: { sameSite: 'lax' }, short: { sameSite: 'lax' } },
    adapter: createRows(deps.database),
  } as Configuration);
  provider.use(async (ctx, next) => {
    if (ctx.path === AUTHORIZE) addScope(ctx);
    await next();
  });
  const login = createLogin(provider, deps, SCOPE);
  const callback = provider.callback();
  const { host } = new URL(deps.issuer);
  return {
    handle(request, response) {
      const path = (request.url ?? '').split('?', 1)[0] ?? '';
      const isMetadata = METADATA.has(path);
      if (!isMetadata && path !== '/oauth' && !path.startsWith('/oauth/')) return false;
      setSecurityHeaders(request, response);
      if (path.startsWith('/oauth/interaction/')) {
        void login(request, response, path.slice('/oauth/interaction/'.length));
        return true;
      }
      const target = isMetadata ? '/oauth/.well-known/openid-configuration' : (request.url ?? '');
      // The issuer is the configured one: a Host header that a caller chose must not get into an address (P19).
      request.headers.host = host;
      // The library needs a path, also for `/oauth?…`.
      Object.assign(request, {
        originalUrl: target,
        baseUrl: '/oauth',
        url: target.slice('/oauth'.length).replace(/^(?!\/)/, '/'),
      });
      // The library adds the hash of its one script, which posts an answer to the client, to this empty list.
      response.setHeader(
        'Content-Security-Policy',
        "default-src 'none'; script-src; frame-ancestors 'none'; base-uri 'none'",
      );
      void callback(request, response);
      return true;
    },
  };
}

/** Adds the only scope to every request: a client that asks for none, or for others, gets it (RFC 6749 section 3.3). */
function addScope(ctx: { query: NodeJS.Dict<string | string[]> }): void {
  const requested = ctx.query['scope'] ?? '';
  // The library reports a repeated parameter as an error.
  if (typeof requested === 'string')
    ctx.query = {
      ...ctx.query,
      scope: [...new Set([...requested.split(' '), SCOPE])].filter((scope) => scope !== '').join(' '),
    };
}

/** The user is asked at every sign-in: an earlier consent, of this client or another one, does not count (A12). */
function alwaysAsk(): interactionPolicy.DefaultPolicy {
  const policy = interactionPolicy.base();
  policy
    .get('consent')
    ?.checks.add(
      new interactionPolicy.Check(
        'every_time',
        'the user is asked every time',
        'consent_required',
        (ctx: KoaContextWithOIDC) => ctx.oidc.result?.consent === undefined,
      ),
    );
  return policy;
}

const metadataOf = ({ clientId, name, redirectUri }: OwnClient): ClientMetadata => ({
  client_id: clientId,
  client_name: name,
  redirect_uris: redirectUri === undefined ? [] : [redirectUri],
  grant_types: redirectUri === undefined ? [DEVICE_CODE, 'refresh_token'] : ['authorization_code'],
  response_types: redirectUri === undefined ? [] : ['code'],
  token_endpoint_auth_method: 'none',
  // The dashboard asks how long ago somebody proved who they are.
  ...(redirectUri !== undefined && { require_auth_time: true }),
});

const CLIENT_DEFAULTS: Configuration['clientDefaults'] = {
  application_type: 'native',
  id_token_signed_response_alg: 'ES256',
  grant_types: ['authorization_code', 'refresh_token'],
  response_types: ['code'],
  token_endpoint_auth_method: 'none',
};

/** The ID token says what the dashboard asks: there is no UserInfo endpoint. */
const ID_TOKEN_CLAIMS = {
  openid: ['sub', 'name', 'tenant_id', 'roles', 'groups'],
  acr: null,
  auth_time: null,
  iss: null,
  sid: null,
};

function configuration({ users, resource, ownClients = [] }: AuthorizationServerDeps): Configuration {
  const ownIds: ReadonlySet<unknown> = new Set(ownClients.map(({ clientId }) => clientId));
  const userOf = (subject: string | undefined) => users.find((user) => user.subject === subject);
  return {
    clients: ownClients.map(metadataOf),
    claims: ID_TOKEN_CLAIMS,
    conformIdTokenClaims: false,
    clientDefaults: CLIENT_DEFAULTS,
    clientAuthMethods: ['none', 'client_secret_basic', 'client_secret_post'],
    scopes: [SCOPE, 'offline_access'],
    responseTypes: ['code'],
    pkce: { required: () => true },
    findAccount: (_ctx, id) => {
      const user = userOf(id);
      if (user === undefined) return undefined;
      const { name, tenant, roles, groups = [] } = user;
      return {
        accountId: id,
        claims: () => ({ sub: id, name, tenant_id: tenant, roles: [...roles], groups: [...groups] }),
      };
    },
    extraTokenClaims: (_ctx, token) => {
      const user = userOf((token as { accountId?: string }).accountId);
      return user === undefined
        ? undefined
        : {
            tenant_id: user.tenant,
            roles: user.roles,
            ...(user.groups !== undefined && { groups: user.groups }),
            ...(user.tier !== undefined && { tier: user.tier }),
          };
    },
    issueRefreshToken: async (_ctx, client) => client.grantTypeAllowed('refresh_token'),
    rotateRefreshToken: true,
    expiresWithSession: async () => false,
    // No address that a client or a document names is ever fetched.
    fetch: async () => {
      throw new errors.InvalidRequest('nothing is fetched');
    },
    extraClientMetadata: {
      properties: ['client_name'],
      validator: (_ctx, _key, _value, metadata) => limitMetadata(metadata as Record<string, unknown>, ownIds),
    },
    clientBasedCORS: (_ctx, origin, client) =>
      client.redirectUris?.some((uri) => URL.parse(uri)?.origin === origin) ?? false,
    allowOmittingSingleRegisteredRedirectUri: false,
    interactions: { policy: alwaysAsk(), url: (_ctx, interaction) => `/oauth/interaction/${interaction.uid}` },
    features: featuresFor(resource),
    routes: ROUTES,
    ttl: TTL_SECONDS,
    renderError: (ctx, out) => {
      ctx.type = 'html';
      ctx.set('Content-Security-Policy', PAGE_POLICY);
      ctx.body = refused(out.error);
    },
  };
}

/** Features of the library. The only resource is the gateway, whole or one of its servers (RFC 8707). */
function featuresFor(resource: string): Configuration['features'] {
  return {
    devInteractions: { enabled: false },
    registration: { enabled: true },
    revocation: { enabled: true, allowedPolicy: async (_ctx, client, token) => token.clientId === client.clientId },
    userinfo: { enabled: false },
    rpInitiatedLogout: { enabled: false },
    deviceFlow: deviceFlow(),
    resourceIndicators: {
      enabled: true,
      defaultResource: () => resource,
      useGrantedResource: () => true,
      getResourceServerInfo: (_ctx, indicator) => {
        if (indicator !== resource && !indicator.startsWith(`${resource}/`)) throw new errors.InvalidTarget();
        return {
          scope: SCOPE,
          audience: resource,
          accessTokenTTL: HOUR_SECONDS,
          accessTokenFormat: 'jwt',
          jwt: { sign: { alg: 'ES256' } },
        };
      },
    },
  };
}
