/** Changes of pins as statements: neighbours of one kind are one statement, so that a list costs few round trips. */
import { createHash } from 'node:crypto';
import type { PinChange } from '@sallyport/guard';
import { sql, type Transaction } from 'kysely';
import { quoted, type Tables } from './tables.ts';

/** Changes of one kind, each of another definition. */
type Run = { [K in PinChange['kind']]: { kind: K; changes: Extract<PinChange, { kind: K }>[] } }[PinChange['kind']];

const RUN_MAX = 200;

interface Named {
  readonly server: string;
  readonly kind: string;
  readonly name: string;
}

/** What a definition is found by. */
export const idOf = ({ server, kind, name }: Named): string =>
  createHash('sha256')
    .update(JSON.stringify([server, kind, name]))
    .digest('hex');

/** The changes in their order, in groups that one statement can make. */
export function runsOf(changes: readonly PinChange[]): readonly Run[] {
  const runs: Run[] = [];
  let ids = new Set<string>();
  for (const change of changes) {
    const run = runs.at(-1);
    const id =
      change.kind === 'note_withheld'
        ? change.server + change.listed
        : idOf('pin' in change ? change.pin : change.pending);
    if (run?.kind === change.kind && !ids.has(id) && run.changes.length < RUN_MAX) {
      (run.changes as PinChange[]).push(change);
      ids.add(id);
    } else {
      runs.push({ kind: change.kind, changes: [change] } as Run);
      ids = new Set([id]);
    }
  }
  return runs;
}

/** @returns how many of the changes had an effect on pins. */
export async function applyRun(transaction: Transaction<Tables>, run: Run): Promise<number> {
  switch (run.kind) {
    case 'approve':
      return approve(transaction, run.changes);
    case 'pin_if_absent':
      return pinIfAbsent(transaction, run.changes);
    case 'save_pending':
      return savePending(transaction, run.changes);
    case 'update_document':
      return sumOf(run.changes, (change) => updateDocument(transaction, change));
    case 'reject':
      return sumOf(run.changes, (change) => reject(transaction, change));
    case 'note_withheld':
      for (const change of run.changes) await noteWithheld(transaction, change);
      return 0;
  }
}

type Of<K extends PinChange['kind']> = Extract<PinChange, { kind: K }>;

async function sumOf<C>(changes: readonly C[], make: (change: C) => Promise<number>): Promise<number> {
  let sum = 0;
  for (const change of changes) sum += await make(change);
  return sum;
}

const namesOf = (definition: Named & { readonly kind: Tables['pins']['kind'] }) => ({
  id: idOf(definition),
  server: quoted(definition.server),
  kind: definition.kind,
  name: quoted(definition.name),
});

const rowOf = ({ pin }: Of<'approve' | 'pin_if_absent'>): Tables['pins'] => ({
  ...namesOf(pin),
  digest: pin.digest,
  document: JSON.stringify(pin.document),
  approved_at: pin.approvedAtMs,
  approved_by: quoted(pin.approvedBy),
});

async function approve(transaction: Transaction<Tables>, changes: readonly Of<'approve'>[]): Promise<number> {
  await transaction
    .insertInto('pins')
    .values(changes.map(rowOf))
    .onConflict((conflict) =>
      conflict.column('id').doUpdateSet(({ ref }) => ({
        digest: ref('excluded.digest'),
        document: ref('excluded.document'),
        approved_at: ref('excluded.approved_at'),
        approved_by: ref('excluded.approved_by'),
      })),
    )
    .execute();
  await transaction
    .deleteFrom('pending_pins')
    .where(({ or, and, eb }) =>
      or(changes.map(({ pin }) => and([eb('id', '=', idOf(pin)), eb('digest', '=', pin.digest)]))),
    )
    .execute();
  return changes.length;
}

async function pinIfAbsent(transaction: Transaction<Tables>, changes: readonly Of<'pin_if_absent'>[]): Promise<number> {
  const added = await transaction
    .insertInto('pins')
    .values(changes.map(rowOf))
    .onConflict((conflict) => conflict.column('id').doNothing())
    .returning('id')
    .execute();
  if (added.length === 0) return 0;
  const ids = added.map(({ id }) => id);
  await transaction.deleteFrom('pending_pins').where('id', 'in', ids).execute();
  return added.length;
}

async function savePending(transaction: Transaction<Tables>, changes: readonly Of<'save_pending'>[]): Promise<number> {
  const rows = changes.map(({ pending }) => ({
    ...namesOf(pending),
    digest: pending.digest,
    document: JSON.stringify(pending.document),
    seen_at: pending.seenAtMs,
  }));
  const ifSame = (column: 'rejected_at' | 'rejected_by') =>
    sql<never>`case when pending_pins.digest = excluded.digest then pending_pins.${sql.ref(column)} end`;
  await transaction
    .insertInto('pending_pins')
    .values(rows)
    .onConflict((conflict) =>
      conflict.column('id').doUpdateSet(({ ref }) => ({
        rejected_at: ifSame('rejected_at'),
        rejected_by: ifSame('rejected_by'),
        digest: ref('excluded.digest'),
        document: ref('excluded.document'),
        seen_at: ref('excluded.seen_at'),
      })),
    )
    .execute();
  return changes.length;
}

async function updateDocument(transaction: Transaction<Tables>, { pin }: Of<'update_document'>): Promise<number> {
  const { numUpdatedRows } = await transaction
    .updateTable('pins')
    .set({ document: JSON.stringify(pin.document) })
    .where('id', '=', idOf(pin))
    .where('digest', '=', pin.digest)
    .executeTakeFirst();
  return Number(numUpdatedRows);
}

async function reject(transaction: Transaction<Tables>, { pending }: Of<'reject'>): Promise<number> {
  const { numUpdatedRows } = await transaction
    .updateTable('pending_pins')
    .set({ rejected_at: pending.rejected.atMs, rejected_by: quoted(pending.rejected.by) })
    .where('id', '=', idOf(pending))
    .where('digest', '=', pending.digest)
    .executeTakeFirst();
  return Number(numUpdatedRows);
}

async function noteWithheld(transaction: Transaction<Tables>, change: Of<'note_withheld'>): Promise<void> {
  const { server, listed, withheld } = change;
  await transaction.deleteFrom('withheld').where('server', '=', quoted(server)).where('kind', '=', listed).execute();
  const byName = new Map(withheld.map((one) => [one.name, one]));
  const rows = [...byName.values()].map(({ name, reason }) => ({
    ...namesOf({ server, kind: listed, name }),
    reason: quoted(reason),
  }));
  if (rows.length > 0) await transaction.insertInto('withheld').values(rows).execute();
}
