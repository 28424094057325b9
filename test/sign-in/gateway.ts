/** A gateway with its authorization server on, wired as the demo wires it, before a real MCP server. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { loadConfig, startGateway } from 'sallyport';
import {
  createAuthorizationServer,
  type SignInUser,
} from '../../packages/gateway/src/adapters/oidc-provider/server.ts';
import { openStore } from '../../packages/gateway/src/adapters/sqlite/store.ts';
import { freePort } from '../e2e/gateway.ts';
import { startFixture } from '../fixtures/conformance-server.ts';

export const ALICE: SignInUser = {
  subject: 'alice',
  name: 'Alice',
  tenant: 'acme',
  roles: ['admin'],
  tier: undefined,
  password: 'correct horse <&> battery',
};
export const BOB: SignInUser = {
  subject: 'bob',
  name: 'Bob',
  tenant: 'acme',
  roles: ['analyst'],
  tier: undefined,
  password: 'tr0ub4dor&3',
};
/** Who says yes to calls of others. */
export const CAROL: SignInUser = {
  subject: 'carol',
  name: 'Carol',
  tenant: 'acme',
  roles: ['approver'],
  tier: undefined,
  password: 'a horse, of course',
};
/** Set up without a password: nobody signs in as them. */
export const LOCKED: SignInUser = {
  subject: 'locked',
  name: 'Locked',
  tenant: 'acme',
  roles: ['admin'],
  tier: undefined,
  password: '',
};

/** The tool that bob may use; alice may use all. */
export const BOBS_TOOL = 'test_simple_text';

const POLICIES = `
permit (principal in Role::"admin", action, resource);
permit (principal in Role::"analyst", action, resource == Tool::"fixture/${BOBS_TOOL}");
`;

/** The client of the dashboard. */
export const DASHBOARD = 'sallyport-dashboard';

export interface SignInGateway {
  /** Scheme, host and port. */
  readonly url: string;
  readonly adminUrl: string;
  readonly issuer: string;
  readonly resource: string;
  readonly folder: string;
  /** Stops both servers and starts them again on the same data and port. */
  restart(): Promise<void>;
  close(): Promise<void>;
}

/**
 * @param more settings beside those of the sign-in; they replace members of the same name.
 * @param adminHost under which people reach the admin listener: browsers allow passkeys on `localhost` alone.
 */
export async function openSignInGateway(
  more: Record<string, unknown> = {},
  adminHost = '127.0.0.1',
): Promise<SignInGateway> {
  const folder = mkdtempSync(join(tmpdir(), 'sallyport-sign-in-'));
  const fixture = await startFixture();
  const [port, admin] = [await freePort(), await freePort()];
  const url = `http://127.0.0.1:${port}`;
  const adminUrl = `http://${adminHost}:${admin}`;
  const [issuer, resource, data] = [`${url}/oauth`, `${url}/mcp`, join(folder, 'data')];
  mkdirSync(join(folder, 'policies'));
  writeFileSync(join(folder, 'policies', 'test.cedar'), POLICIES);
  const config = join(folder, 'sallyport.yaml');
  // JSON is YAML.
  writeFileSync(
    config,
    JSON.stringify({
      gateway: { listen: `127.0.0.1:${port}`, addressLimit: '1000000/min', refusalLimit: '100000/min' },
      admin: { listen: `127.0.0.1:${admin}`, publicUrl: adminUrl },
      data,
      tenants: ['acme'],
      identity: { issuers: [{ issuer, audience: resource }] },
      servers: { fixture: { url: fixture.url } },
      control: {
        signIn: [{ issuer, clientId: DASHBOARD }],
        clients: ['sallyport-cli'],
        roles: [
          { role: 'admin', to: ['role:admin'], tenants: '*' },
          { role: 'viewer', to: ['role:analyst'] },
          { role: 'approver', to: ['role:approver'] },
        ],
      },
      policies: { cedar: join(folder, 'policies') },
      limits: { default: '1000000/min per user' },
      log: { level: 'error' },
      demo: true,
      ...more,
    }),
  );
  const start = async (): Promise<() => Promise<void>> => {
    const loaded = loadConfig(config, { PATH: process.env['PATH'] ?? '' });
    if ('errors' in loaded) throw new Error(loaded.errors.map(({ message }) => message).join('\n'));
    const store = openStore(join(data, 'sign-in.db'));
    const server = await createAuthorizationServer({
      issuer,
      resource,
      users: [ALICE, BOB, CAROL, LOCKED],
      database: store.database,
      folder: data,
      ownClients: [
        { clientId: DASHBOARD, name: 'Sallyport dashboard', redirectUri: `${adminUrl}/auth/callback` },
        { clientId: 'sallyport-cli', name: 'Sallyport command line', redirectUri: undefined },
      ],
    });
    const gateway = await startGateway(loaded.snapshot, { signIn: server.handle });
    return async () => {
      await gateway.close();
      store.close();
    };
  };
  let stop = await start();
  return {
    url,
    adminUrl,
    issuer,
    resource,
    folder,
    restart: async () => {
      await stop();
      stop = await start();
    },
    close: async () => {
      await stop();
      await fixture.close();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
