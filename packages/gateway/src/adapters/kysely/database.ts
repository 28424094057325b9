/** What the gateway keeps in a database that several processes may share, on SQLite or on PostgreSQL. */
import type { ApprovalStore, Clock, PinStore } from '@sallyport/guard';
import { Kysely } from 'kysely';
import type { ChannelStore } from '../../channels/channel.ts';
import type { PeopleStore } from '../../channels/people.ts';
import type { WebSessionStore } from '../../web-sessions.ts';
import { createApprovalStore } from './approvals.ts';
import { createChannelStore } from './channels.ts';
import { createSharedKeys, type SharedKeys } from './keys.ts';
import { migrate } from './migrations.ts';
import type { PasskeyStore } from '../../passkeys.ts';
import { createPasskeyStore } from './passkeys.ts';
import { createPeopleStore } from './people.ts';
import { createSharedPins } from './pins.ts';
import type { Product } from './product.ts';
import { createSharedSessions, type SharedSessions } from './sessions.ts';
import type { Tables } from './tables.ts';
import { createSharedWebSessions } from './web-sessions.ts';

/** What processes with data folders of their own share. */
export interface SharedStores {
  readonly keys: SharedKeys;
  readonly pins: PinStore;
  readonly webSessions: WebSessionStore;
  /** @param owner the data folder of this process. */
  sessions(clock: Clock, owner: string): SharedSessions;
}

/** The stores of a database. */
export interface Database {
  /** `undefined` with SQLite, whose file has them in tables of its own. */
  readonly shared: SharedStores | undefined;
  readonly approvals: ApprovalStore;
  readonly channels: ChannelStore;
  readonly people: PeopleStore;
  readonly passkeys: PasskeyStore;
  /** Reads and changes something that stays as it is. Rejects when it does not answer, or takes no changes. */
  probe(): Promise<void>;
  close(): Promise<void>;
}

/**
 * @param damaged is told of a request for approval that cannot be read.
 * @throws Error when it cannot be reached, or was written by a newer Sallyport.
 */
export async function openDatabase(product: Product, damaged: (id: string) => void = () => {}): Promise<Database> {
  const database = new Kysely<Tables>({ dialect: product.dialect });
  try {
    await migrate(database, product);
  } catch (thrown) {
    await database.destroy();
    throw thrown;
  }
  return {
    shared: product.isShared ? sharedStoresOf(database) : undefined,
    approvals: createApprovalStore(database, damaged),
    channels: createChannelStore(database),
    people: createPeopleStore(database),
    passkeys: createPasskeyStore(database),
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

const sharedStoresOf = (database: Kysely<Tables>): SharedStores => ({
  keys: createSharedKeys(database),
  pins: createSharedPins(database),
  webSessions: createSharedWebSessions(database),
  sessions: (clock, owner) => createSharedSessions(database, clock, owner),
});
