/** A control API with the routes of a test on a real socket, and requests to it. */
import { request as httpRequest, type IncomingMessage } from 'node:http';
import { GuardError, type Clock, type Identity } from '@sallyport/guard';
import { openListener } from '@sallyport/server/listen/listener';
import { withContained, type ApiCaller, type Role } from '../api/access.ts';
import type { ApiRoute } from '../api/route.ts';
import { createApiServer, type ServeDeps } from '../api/serve.ts';
import { createRouter } from '../router.ts';

export interface Answer {
  readonly status: number;
  readonly text: string;
  /** The parsed body; `undefined` when it is no JSON. */
  readonly document: Readonly<Record<string, unknown>>;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
}

/** @param roles in the tenant `acme`. */
export const callerOf = (subject: string, roles: readonly Role[], tenant = 'acme'): ApiCaller => ({
  ...({
    principal: {
      user: { issuer: 'https://i', subject, roles: [], groups: [], claims: {} },
      agent: { clientId: 'console', actors: [] },
      key: subject,
    },
    tenant: { id: tenant },
  } as unknown as Identity),
  roles: withContained(roles),
  installationRoles: new Set(),
  session: undefined,
});

export interface OpenApiServer {
  readonly url: string;
  /** @param body sent with a `Content-Length`, or in chunks without one. */
  send(
    method: string,
    path: string,
    body?: string | readonly string[],
    headers?: Readonly<Record<string, string>>,
  ): Promise<Answer>;
  /** The response as it arrives. */
  stream(path: string, headers?: Readonly<Record<string, string>>): Promise<IncomingMessage>;
  close(): Promise<void>;
}

export const JSON_TYPE = { 'Content-Type': 'application/json' };
export const as = (token: string): Record<string, string> => ({ ...JSON_TYPE, Authorization: `Bearer ${token}` });

/** @param callers by bearer token; every other token is refused. */
export async function openApi<Deps>(
  routes: readonly ApiRoute<Deps>[],
  deps: Deps,
  callers: Readonly<Record<string, ApiCaller | undefined>>,
  over: Partial<ServeDeps> & { readonly clock?: Clock } = {},
): Promise<OpenApiServer> {
  const server = createApiServer(routes, deps, {
    authenticate: ({ headers: { authorization } }) => {
      if (authorization === undefined) return undefined;
      const caller = callers[authorization.replace('Bearer ', '')];
      if (caller === undefined) throw new GuardError('unauthenticated');
      return caller;
    },
    checkOrigin: () => undefined,
    clock: { now: () => Date.now() },
    ...over,
  });
  const listener = await openListener({
    settings: { host: '127.0.0.1', port: 0, tls: undefined, behindTlsProxy: false },
    handler: createRouter([], { listenHost: '127.0.0.1', api: server.handle, signIn: server.handle }),
    name: 'admin',
    limits: { drainMs: 100 },
  });
  const { hostname, port } = new URL(listener.url);
  const open = (
    method: string,
    path: string,
    body: string | readonly string[] | undefined,
    headers: Readonly<Record<string, string>>,
  ): Promise<IncomingMessage> =>
    new Promise((resolve, reject) => {
      const length = typeof body === 'string' ? { 'Content-Length': String(Buffer.byteLength(body)) } : {};
      const request = httpRequest({
        host: hostname,
        port,
        path,
        method,
        headers: { ...headers, ...length },
        agent: false,
      });
      request.on('response', resolve).on('error', reject);
      if (typeof body === 'object') for (const chunk of body) request.write(chunk);
      request.end(typeof body === 'string' ? body : undefined);
    });
  return {
    url: listener.url,
    async send(method, path, body, headers = JSON_TYPE) {
      const response = await open(method, path, body, headers);
      let text = '';
      for await (const chunk of response) text += String(chunk);
      return { status: response.statusCode ?? 0, text, document: parsed(text), headers: response.headers };
    },
    stream: (path, headers = JSON_TYPE) => open('GET', path, undefined, headers),
    async close() {
      server.close();
      await listener.close();
    },
  };
}

function parsed(text: string): Readonly<Record<string, unknown>> {
  try {
    return JSON.parse(text) as Readonly<Record<string, unknown>>;
  } catch {
    return {};
  }
}
