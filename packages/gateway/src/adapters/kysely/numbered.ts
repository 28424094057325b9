/** Changes that other processes read by their numbers. */
import type { Kysely, Transaction } from 'kysely';
import type { Tables } from './tables.ts';

/** What has an order of its own. */
export type SequenceName = 'keys' | 'pins' | 'ended_sessions' | 'web_sessions';

/**
 * One change after the other, in all processes: whoever raises the sequence holds it until the transaction ends. So who
 * has read the changes up to a number misses none before it.
 *
 * @param by 0 only takes the turn.
 */
export function inOrder<T>(
  database: Kysely<Tables>,
  sequence: SequenceName,
  work: (transaction: Transaction<Tables>, number: number) => Promise<T>,
  by: 0 | 1 = 1,
): Promise<T> {
  return database
    .transaction()
    .setIsolationLevel('read committed')
    .execute(async (transaction) => {
      const { value } = await transaction
        .updateTable('sequences')
        .set((column) => ({ value: column('value', '+', by) }))
        .where('name', '=', sequence)
        .returning('value')
        .executeTakeFirstOrThrow();
      return work(transaction, value);
    });
}
