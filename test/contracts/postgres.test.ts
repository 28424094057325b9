/** What the gateway keeps in PostgreSQL keeps the contracts, over restarts and beside another process. */
import { connect, createServer, type AddressInfo, type Socket } from 'node:net';
import { once } from 'node:events';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createApprovals } from '@sallyport/guard';
import { openDatabase, type Database, type SharedStores } from '../../packages/gateway/src/adapters/kysely/database.ts';
import { openPostgres } from '../../packages/gateway/src/adapters/postgres/product.ts';
import { noPostgres, openTestPostgres, type TestPostgres } from '../fixtures/postgres.ts';
import { approvalsContract, type OpenedApprovals } from './approvals.ts';
import { channelsContract, type ChannelStores } from './channels.ts';
import { keysContract } from './keys.ts';
import { passkeysContract } from './passkeys.ts';
import type { Opened } from './opened-port.ts';
import { pinsContract } from './pins.ts';
import { sessionsContract } from './sessions.ts';
import { webSessionsContract } from './web-sessions.ts';

describe.skipIf(noPostgres !== undefined)(noPostgres ?? 'PostgreSQL', () => {
  let server: TestPostgres;
  beforeAll(async () => {
    server = await openTestPostgres();
  });
  afterAll(() => server?.close());

  /** Opens connections to one new database, and gives what is asked of each. */
  const openShared = async <P>(portOf: (database: Database) => P | Promise<P>): Promise<Opened<P>> => {
    const { host, port, user } = server;
    const settings = {
      host,
      port,
      user,
      database: await server.create(),
      password: undefined,
      tls: undefined,
      outageMs: 0,
    };
    const databases: Database[] = [];
    const add = async (): Promise<P> => {
      const database = await openDatabase(openPostgres(settings, () => undefined));
      databases.push(database);
      return portOf(database);
    };
    const close = async (): Promise<void> => {
      await Promise.all(databases.splice(0).map((database) => database.close()));
    };
    return {
      port: await add(),
      beside: add,
      async reopen() {
        await close();
        return add();
      },
      close,
    };
  };
  const limits = { pendingMax: 5, agentPendingMax: 10, tenantPendingMax: 120 };
  approvalsContract('PostgreSQL', async (clock): Promise<OpenedApprovals> => {
    const opened = await openShared(({ approvals }) => createApprovals(approvals, clock, limits));
    return { ...limits, ...opened };
  });
  channelsContract('PostgreSQL', () => openShared((database): ChannelStores => database));
  const sharedOf = ({ shared }: Database): SharedStores => shared ?? expect.unreachable('PostgreSQL is shared');
  keysContract('PostgreSQL', () => openShared((database) => sharedOf(database).keys));
  pinsContract('PostgreSQL', () => openShared((database) => sharedOf(database).pins));
  webSessionsContract('PostgreSQL', () => openShared((database) => sharedOf(database).webSessions));
  sessionsContract('PostgreSQL', (clock) =>
    openShared(async (database) => {
      const sessions = sharedOf(database).sessions(clock, 'the data folder');
      await sessions.read();
      return sessions;
    }),
  );
  passkeysContract('PostgreSQL', () => openShared(({ passkeys }) => passkeys));

  const answers = (database: Database): Promise<boolean> =>
    database.probe().then(
      () => true,
      () => false,
    );

  it('L8 a connection that went silent is not used again, and no transaction is left open in one', async () => {
    const network = await openNetwork(join(server.host, `.s.PGSQL.${server.port}`));
    const settings = {
      host: '127.0.0.1',
      port: network.port,
      user: server.user,
      password: undefined,
      tls: undefined,
      outageMs: 0,
    };
    const name = await server.create();
    // So short that the test is; it is repeated until it holds, however busy the machine is.
    const product = openPostgres({ ...settings, database: name }, () => undefined, 250);
    const database = await openDatabase(product);
    try {
      network.losesConnections();
      await expect(database.probe()).rejects.toThrow();
      while (!(await answers(database))) await sleep(20);
    } finally {
      await database.close();
      await network.close();
    }
  });

  it('L8 /ready: a database that takes no changes is not there, although it can be read', async () => {
    const { host, port, user } = server;
    const name = await server.create();
    const settings = { host, port, user, database: name, password: undefined, tls: undefined, outageMs: 0 };
    const database = await openDatabase(openPostgres(settings, () => undefined));
    const setReadOnly = async (value: 'on' | 'off'): Promise<void> => {
      await server.query('postgres', `alter database ${name} set default_transaction_read_only = ${value}`);
      await server.query(
        'postgres',
        `select pg_terminate_backend(pid) from pg_stat_activity where datname = '${name}'`,
      );
    };
    try {
      expect(await answers(database)).toBe(true);
      await setReadOnly('on');
      // First the connection that was ended is noticed.
      while (await answers(database)) await sleep(20);
      await expect.poll(() => database.probe().catch(String), { timeout: 15_000 }).toContain('read-only');
      await setReadOnly('off');
      while (!(await answers(database))) await sleep(20);
    } finally {
      await database.close();
    }
  });
});

/** A way to the server that can swallow what is said on the connections that are open, without closing them. */
async function openNetwork(socketPath: string) {
  const lost = new WeakSet<Socket>();
  const open = new Set<Socket>();
  const relay = createServer((near) => {
    const far = connect(socketPath);
    open.add(near).add(far);
    for (const [from, to] of [
      [near, far],
      [far, near],
    ] as const) {
      from.on('error', () => {});
      from.on('data', (chunk) => void (lost.has(from) || to.write(chunk)));
      from.on('close', () => to.destroy());
    }
  });
  await once(relay.listen(0, '127.0.0.1'), 'listening');
  return {
    port: (relay.address() as AddressInfo).port,
    losesConnections: () => open.forEach((socket) => lost.add(socket)),
    async close() {
      relay.close();
      for (const socket of open) socket.destroy();
      await once(relay, 'close');
    },
  };
}
