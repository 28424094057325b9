/** A whole gateway for a test: configuration from a file, a real issuer, a data folder of its own, real sockets. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Clock } from '@sallyport/guard';
import { loadConfig, startGateway, type Snapshot } from 'sallyport';
import { startIssuer, type TestIssuer } from '../fixtures/issuer.ts';

export interface TestUser {
  readonly tenant: string;
  readonly roles: readonly string[];
}

export const USERS: Readonly<Record<string, TestUser>> = {
  alice: { tenant: 'acme', roles: ['admin'] },
  bob: { tenant: 'acme', roles: ['analyst'] },
  carol: { tenant: 'globex', roles: ['admin'] },
  dave: { tenant: 'globex', roles: ['analyst'] },
};

export interface TestGateway {
  readonly url: string;
  readonly adminUrl: string;
  readonly folder: string;
  readonly config: string;
  readonly issuer: TestIssuer;
  token(user: string, claims?: Record<string, unknown>): Promise<string>;
  /** Stops the gateway and starts it again on the same data and port. */
  restart(): Promise<void>;
  /** Puts the configuration file as it is now in force. */
  reload(): Promise<void>;
  close(): Promise<void>;
}

export interface TestOptions {
  /** As in `sallyport.yaml`. */
  readonly servers: Record<string, object>;
  /** Cedar text. */
  readonly policies?: string;
  readonly limits?: Record<string, string | string[]>;
  /** Further top-level settings. */
  readonly settings?: Record<string, unknown>;
  readonly gateway?: Record<string, unknown>;
  /** Texts beside the configuration, by name. */
  readonly files?: Readonly<Record<string, string>>;
  /** Variables that secrets refer to. */
  readonly environment?: Readonly<Record<string, string>>;
  /** All time that the gateway goes by; absent = that of the system. */
  readonly clock?: Clock;
}

export const freePort = (): Promise<number> =>
  new Promise((resolve) => {
    const probe = createServer().listen(0, '127.0.0.1', () => {
      const address = probe.address();
      probe.close(() => resolve(typeof address === 'object' && address !== null ? address.port : 0));
    });
  });

/** Settings of a test as in `sallyport.yaml`, without `log` and without the further ones. */
export function testSettings(
  { gateway, servers, limits }: TestOptions,
  folder: string,
  [port, admin]: readonly [gateway: number, admin: number],
  issuer: string,
): Record<string, unknown> {
  const unlimited = { addressLimit: '1000000/min', refusalLimit: '100000/min' };
  return {
    gateway: { listen: `127.0.0.1:${port}`, ...unlimited, ...gateway },
    admin: { listen: `127.0.0.1:${admin}` },
    data: join(folder, 'data'),
    tenants: ['acme', 'globex'],
    identity: { issuers: [{ issuer, audience: `http://127.0.0.1:${port}/mcp`, tenants: ['acme', 'globex'] }] },
    servers,
    policies: { cedar: join(folder, 'policies') },
    limits: limits ?? { default: '1000000/min per user' },
    // A test that leaves a call behind does not wait for it.
    shutdown: { grace: '1s' },
  };
}

export async function openGateway(options: TestOptions): Promise<TestGateway> {
  const folder = mkdtempSync(join(tmpdir(), 'sallyport-e2e-'));
  const port = await freePort();
  let admin = await freePort();
  while (admin === port) admin = await freePort();
  const audience = `http://127.0.0.1:${port}/mcp`;
  const issuer = await startIssuer(audience);
  mkdirSync(join(folder, 'policies'));
  writeFileSync(join(folder, 'policies', 'test.cedar'), options.policies ?? 'permit (principal, action, resource);');
  for (const [name, text] of Object.entries(options.files ?? {})) writeFileSync(join(folder, name), text);
  const config = join(folder, 'sallyport.yaml');
  // JSON is YAML.
  writeFileSync(
    config,
    JSON.stringify({
      ...testSettings(options, folder, [port, admin], issuer.issuer),
      log: { level: 'error' },
      ...options.settings,
    }),
  );
  const load = (): Snapshot => {
    const loaded = loadConfig(config, { PATH: process.env['PATH'] ?? '', ...options.environment });
    if ('errors' in loaded)
      throw new Error(loaded.errors.map((error) => `${error.line}:${error.column} ${error.message}`).join('\n'));
    return loaded.snapshot;
  };
  const start = () => startGateway(load(), options.clock === undefined ? {} : { clock: options.clock });
  let running = await start();
  return {
    url: running.gatewayUrl,
    adminUrl: running.adminUrl,
    folder,
    config,
    issuer,
    token: (user, claims = {}) =>
      issuer.token({ sub: user, tenant_id: USERS[user]?.tenant, roles: USERS[user]?.roles, ...claims }),
    restart: async () => {
      await running.close();
      running = await start();
    },
    reload: () => running.reload(load()),
    close: async () => {
      await running.close();
      await issuer.close();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
