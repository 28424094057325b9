/** What the gateway keeps in a database that several processes may share, on SQLite or on PostgreSQL. */
import type { ApprovalStore } from '@sallyport/guard';
import { Kysely } from 'kysely';
import type { ChannelStore } from '../../channels/channel.ts';
import type { PeopleStore } from '../../channels/people.ts';
import { createApprovalStore } from './approvals.ts';
import { createChannelStore } from './channels.ts';
import { migrate } from './migrations.ts';
import { createPeopleStore } from './people.ts';
import type { Product } from './product.ts';
import type { Tables } from './tables.ts';

/** The stores of a database. */
export interface Database {
  readonly approvals: ApprovalStore;
  readonly channels: ChannelStore;
  readonly people: PeopleStore;
  /** Reads and changes something that stays as it is. Rejects when it does not answer, or takes no changes. */
  probe(): Promise<void>;
  close(): Promise<void>;
}

/** @throws Error when it cannot be reached, or was written by a newer Sallyport. */
export async function openDatabase(product: Product): Promise<Database> {
  const database = new Kysely<Tables>({ dialect: product.dialect });
  try {
    await migrate(database, product);
  } catch (thrown) {
    await database.destroy();
    throw thrown;
  }
  return {
    approvals: createApprovalStore(database),
    channels: createChannelStore(database),
    people: createPeopleStore(database),
    async probe() {
      await database.selectFrom('approvals').select('id').limit(1).execute();
      // A replica, and a database that was made read-only, answer what is read. Rolled back, so that no disk waits.
      const transaction = await database.startTransaction().execute();
      try {
        const set = transaction.updateTable('sequences').set((column) => ({ value: column('value', '+', 0) }));
        await set.where('name', '=', 'approvals').execute();
      } finally {
        await transaction.rollback().execute();
      }
    },
    close: () => database.destroy(),
  };
}
