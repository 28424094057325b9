/** What the gateway keeps in PostgreSQL keeps the contracts, over restarts and beside another process. */
import { afterAll, beforeAll, describe } from 'vitest';
import { createApprovals } from '@sallyport/guard';
import { openDatabase, type Database } from '../../packages/gateway/src/adapters/kysely/database.ts';
import { openPostgres } from '../../packages/gateway/src/adapters/postgres/product.ts';
import { noPostgres, openTestPostgres, type TestPostgres } from '../fixtures/postgres.ts';
import { approvalsContract, type OpenedApprovals } from './approvals.ts';
import { channelsContract, type ChannelStores } from './channels.ts';
import type { Opened } from './opened-port.ts';

describe.skipIf(noPostgres !== undefined)(noPostgres ?? 'PostgreSQL', () => {
  let server: TestPostgres;
  beforeAll(async () => {
    server = await openTestPostgres();
  });
  afterAll(() => server?.close());

  /** Opens connections to one new database, and gives what is asked of each. */
  const openShared = async <P>(portOf: (database: Database) => P): Promise<Opened<P>> => {
    const { host, port, user } = server;
    const settings = { host, port, user, database: await server.create(), password: undefined, tls: undefined };
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
  const limits = { pendingMax: 5, agentPendingMax: 10 };
  approvalsContract('PostgreSQL', async (clock): Promise<OpenedApprovals> => {
    const opened = await openShared(({ approvals }) => createApprovals(approvals, clock, limits));
    return { ...limits, ...opened };
  });
  channelsContract('PostgreSQL', () => openShared((database): ChannelStores => database));
});
