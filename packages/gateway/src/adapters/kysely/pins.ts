/** Approved definitions in a database that several processes share. */
import type { JsonObject, PendingPin, Pin, PinStore } from '@sallyport/guard';
import { sql, type Kysely } from 'kysely';
import { inOrder } from './numbered.ts';
import { applyRun, idOf, runsOf } from './pin-changes.ts';
import { unquoted, type PendingPinRow, type PinRow, type Tables } from './tables.ts';

/** Every list of changes is one transaction; `version()` is a sequence that every change raises. */
export function createSharedPins(database: Kysely<Tables>): PinStore {
  const apply: PinStore['apply'] = (changes) =>
    // The sequence is held first, so that what is read below is not changed by anybody else.
    inOrder(
      database,
      'pins',
      async (transaction) => {
        let raised = 0;
        for (const run of runsOf(changes)) raised += await applyRun(transaction, run);
        if (raised === 0) return;
        const raise = transaction.updateTable('sequences').set((column) => ({ value: column('value', '+', raised) }));
        await raise.where('name', '=', 'pins').execute();
      },
      0,
    );
  return {
    async pins() {
      return (await database.selectFrom('pins').selectAll().orderBy('server').orderBy('name').execute()).map(pinOf);
    },
    async pending() {
      const rows = await database.selectFrom('pending_pins').selectAll().orderBy('server').orderBy('name').execute();
      return rows.map(pendingOf);
    },
    async pendingDigests() {
      const rows = await database
        .selectFrom('pending_pins')
        .select(['server', 'kind', 'name', 'digest', 'rejected_at', 'rejected_by'])
        .select(sql<number>`octet_length(document)`.as('bytes'))
        .execute();
      return rows.map((row) => ({
        ...namesOf(row),
        documentBytes: row.bytes,
        digest: row.digest,
        ...rejectionOf(row),
      }));
    },
    async withheld() {
      const rows = await database.selectFrom('withheld').selectAll().orderBy('server').orderBy('name').execute();
      return rows.map((row) => ({ ...namesOf(row), reason: unquoted(row.reason) }));
    },
    approve: (pin) => apply([{ kind: 'approve', pin }]),
    async pinIfAbsent(pin) {
      await apply([{ kind: 'pin_if_absent', pin }]);
      const stored = database.selectFrom('pins').selectAll().where('id', '=', idOf(pin));
      return pinOf(await stored.executeTakeFirstOrThrow());
    },
    savePending: (pending) => apply([{ kind: 'save_pending', pending }]),
    apply,
    async version() {
      const sequence = database.selectFrom('sequences').select('value').where('name', '=', 'pins');
      return (await sequence.executeTakeFirstOrThrow()).value;
    },
  };
}

const namesOf = ({ server, kind, name }: Pick<PinRow, 'server' | 'kind' | 'name'>) => ({
  server: unquoted(server),
  kind,
  name: unquoted(name),
});

const definitionOf = (row: PinRow | PendingPinRow) => ({
  ...namesOf(row),
  digest: row.digest,
  document: JSON.parse(row.document) as JsonObject,
});

const pinOf = (row: PinRow): Pin => ({
  ...definitionOf(row),
  approvedAtMs: row.approved_at,
  approvedBy: unquoted(row.approved_by),
});

const rejectionOf = (row: Pick<PendingPinRow, 'rejected_at' | 'rejected_by'>): Pick<PendingPin, 'rejected'> =>
  row.rejected_at === null
    ? {}
    : { rejected: { atMs: row.rejected_at, by: row.rejected_by === null ? '' : unquoted(row.rejected_by) } };

const pendingOf = (row: PendingPinRow): PendingPin => ({
  ...definitionOf(row),
  seenAtMs: row.seen_at,
  ...rejectionOf(row),
});
