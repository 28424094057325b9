/** What the gateway keeps in PostgreSQL keeps the contracts, over restarts and beside another process. */
import { afterAll, beforeAll, describe } from 'vitest';
import { createApprovals, type Approvals, type Clock } from '@sallyport/guard';
import { openDatabase, type Database } from '../../packages/gateway/src/adapters/kysely/database.ts';
import { openPostgres } from '../../packages/gateway/src/adapters/postgres/product.ts';
import { noPostgres, openTestPostgres, type TestPostgres } from '../fixtures/postgres.ts';
import { approvalsContract, type OpenedApprovals } from './approvals.ts';

describe.skipIf(noPostgres !== undefined)(noPostgres ?? 'PostgreSQL', () => {
  let server: TestPostgres;
  beforeAll(async () => {
    server = await openTestPostgres();
  });
  afterAll(() => server?.close());

  const openApprovals = async (clock: Clock): Promise<OpenedApprovals> => {
    const limits = { pendingMax: 5, agentPendingMax: 10 };
    const { host, port, user } = server;
    const settings = { host, port, user, database: await server.create(), password: undefined, tls: undefined };
    const databases: Database[] = [];
    const add = async (): Promise<Approvals> => {
      const database = await openDatabase(openPostgres(settings, () => undefined));
      databases.push(database);
      return createApprovals(database.approvals, clock, limits);
    };
    const close = async (): Promise<void> => {
      await Promise.all(databases.splice(0).map((database) => database.close()));
    };
    return {
      ...limits,
      port: await add(),
      beside: add,
      async reopen() {
        await close();
        return add();
      },
      close,
    };
  };
  approvalsContract('PostgreSQL', openApprovals);
});
