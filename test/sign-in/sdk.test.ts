/** Both generations of the SDK's own OAuth client sign in, unmodified: all that they know is the gateway's address. */
import {
  auth as authV2,
  Client as V2Client,
  StreamableHTTPClientTransport as V2Http,
} from '@modelcontextprotocol/client';
import { auth as authV1, type OAuthClientProvider } from '@modelcontextprotocol/sdk/client/auth.js';
import { Client as V1Client } from '@modelcontextprotocol/sdk/client/index.js';
import { StreamableHTTPClientTransport as V1Http } from '@modelcontextprotocol/sdk/client/streamableHttp.js';
import type { OAuthClientInformationMixed, OAuthTokens } from '@modelcontextprotocol/sdk/shared/auth.js';
import { decodeJwt } from 'jose';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { SignInUser } from '../../packages/gateway/src/adapters/oidc-provider/server.ts';
import { Browser } from './browser.ts';
import { allow, CALLBACK, returned } from './client.ts';
import { ALICE, BOB, BOBS_TOOL, openSignInGateway, type SignInGateway } from './gateway.ts';

let gateway: SignInGateway;
beforeAll(async () => {
  gateway = await openSignInGateway();
});
afterAll(() => gateway?.close());

/** What an application adds to the SDK: places to keep things, and a browser with a person before it. */
class Person implements OAuthClientProvider {
  readonly redirectUrl = CALLBACK;
  readonly clientMetadata;
  readonly #user: SignInUser;
  client: OAuthClientInformationMixed | undefined;
  kept: OAuthTokens | undefined;
  verifier = '';
  discovered: unknown;
  callback = new URLSearchParams();
  /** Addresses that the person was sent to. */
  readonly asked: URL[] = [];

  constructor(user: SignInUser, scope?: string) {
    this.#user = user;
    this.clientMetadata = {
      client_name: 'SDK',
      redirect_uris: [CALLBACK],
      grant_types: ['authorization_code', 'refresh_token'],
      token_endpoint_auth_method: 'none',
      ...(scope !== undefined && { scope }),
    };
  }

  clientInformation = (): OAuthClientInformationMixed | undefined => this.client;
  saveClientInformation = (client: OAuthClientInformationMixed): void => void (this.client = client);
  tokens = (): OAuthTokens | undefined => this.kept;
  saveTokens = (tokens: OAuthTokens): void => void (this.kept = tokens);
  codeVerifier = (): string => this.verifier;
  saveCodeVerifier = (verifier: string): void => void (this.verifier = verifier);

  discoveryState = (): never => this.discovered as never;
  saveDiscoveryState = (state: unknown): void => void (this.discovered = state);

  async redirectToAuthorization(url: URL): Promise<void> {
    this.asked.push(url);
    const browser = new Browser();
    this.callback = returned(await allow(browser, await browser.open(url.href), this.#user));
  }
}

const V2 = { v1: false, v2: true };

/** Signs in because the first connection is refused, as an application does, and connects again. */
async function connect(
  generation: 'v1' | 'v2',
  person: Person,
  path: string,
): Promise<{ call(name: string): Promise<unknown>; names(): Promise<string[]>; close(): Promise<void> }> {
  const url = new URL(`${gateway.url}${path}`);
  const client = V2[generation]
    ? new V2Client({ name: 'v2', version: '1' })
    : new V1Client({ name: 'v1', version: '1' });
  const transport = (): V2Http =>
    V2[generation]
      ? new V2Http(url, { authProvider: person as never })
      : (new V1Http(url, { authProvider: person }) as unknown as V2Http);
  const first = transport();
  try {
    await client.connect(first as never);
  } catch (error) {
    if ((error as Error).constructor.name !== 'UnauthorizedError') throw error;
    await (V2[generation] ? first.finishAuth(person.callback) : first.finishAuth(person.callback.get('code') ?? ''));
    await client.connect(transport() as never);
  }
  return {
    call: (name) => client.callTool({ name, arguments: {} }),
    names: async () => (await client.listTools()).tools.map(({ name }) => name),
    close: () => client.close(),
  };
}

describe.each(['v1', 'v2'] as const)('the SDK %s', (generation) => {
  it.each(['/mcp', '/mcp/fixture'])('discovers, registers, signs in and calls a tool at %s', async (path) => {
    const person = new Person(ALICE);
    const client = await connect(generation, person, path);
    const tool = path === '/mcp' ? `fixture__${BOBS_TOOL}` : BOBS_TOOL;
    expect(await client.names()).toContain(tool);
    expect(await client.call(tool)).toMatchObject({
      content: [{ type: 'text', text: 'This is a simple text response for testing.' }],
    });
    expect(person.asked.map((url) => [url.origin, url.searchParams.get('resource')])).toEqual([
      [gateway.url, `${gateway.url}${path}`],
    ]);
    expect(decodeJwt(person.kept?.access_token ?? '')).toMatchObject({ sub: 'alice', aud: gateway.resource });
    await client.close();
  });

  it.each([undefined, 'mcp', 'mcp offline_access', 'openid profile'])(
    'signs in with scope %s, and is the user who did',
    async (scope) => {
      const client = await connect(generation, new Person(BOB, scope), '/mcp/fixture');
      expect(await client.names()).toEqual([BOBS_TOOL]);
      await client.close();
    },
  );

  it('gets a new token without the user when the old one is refused', async () => {
    const person = new Person(ALICE);
    await (await connect(generation, person, '/mcp/fixture')).close();
    const old = person.kept?.refresh_token;
    person.kept = { ...person.kept, access_token: 'spoilt', token_type: 'Bearer' };
    const client = await connect(generation, person, '/mcp/fixture');
    expect(await client.names()).toContain(BOBS_TOOL);
    expect([person.asked.length, person.kept?.refresh_token === old]).toEqual([1, false]);
    await client.close();
  });

  it('asks the user again when the refresh token was revoked', async () => {
    const person = new Person(ALICE);
    const auth = generation === 'v2' ? authV2 : authV1;
    const finish = (): Promise<string> =>
      auth(person as never, {
        serverUrl: gateway.resource,
        authorizationCode: person.callback.get('code') ?? '',
        ...(V2[generation] && { iss: person.callback.get('iss') ?? '' }),
      });
    expect(await auth(person as never, { serverUrl: gateway.resource })).toBe('REDIRECT');
    expect(await finish()).toBe('AUTHORIZED');
    await fetch(`${gateway.url}/oauth/revoke`, {
      method: 'POST',
      body: new URLSearchParams({ client_id: person.client?.client_id ?? '', token: person.kept?.refresh_token ?? '' }),
    });
    const invalidate = Object.assign(person, {
      invalidateCredentials: (what: string): void => {
        if (what === 'tokens') person.kept = undefined;
      },
    });
    expect(await auth(invalidate as never, { serverUrl: gateway.resource })).toBe('REDIRECT');
    expect(await finish()).toBe('AUTHORIZED');
    expect(person.asked).toHaveLength(2);
  });
});
