import type { DatabaseSync } from 'node:sqlite';
import {
  andThen,
  type DefinitionKind,
  type Digest,
  type JsonObject,
  type MaybePromise,
  type PendingDigest,
  type PendingPin,
  type Pin,
  type PinChange,
  type PinStore,
  type WithheldDefinition,
} from '@sallyport/guard';
import { whenFree } from './when-free.ts';

interface PinRow {
  server: string;
  kind: DefinitionKind;
  name: string;
  digest: Digest;
  document: string;
  approved_at: number;
  approved_by: string;
}

interface PendingRow extends Omit<PinRow, 'approved_at' | 'approved_by'> {
  seen_at: number;
  rejected_at: number | null;
  rejected_by: string | null;
}

/** The pin store in SQLite. Every change is one transaction; `version()` is a counter that every change raises. */
export function createPins(database: DatabaseSync) {
  const allPins = database.prepare('SELECT * FROM pins ORDER BY server, kind, name');
  const allPending = database.prepare('SELECT * FROM pending_pins ORDER BY server, kind, name');
  const allPendingDigests = database.prepare(
    `SELECT server, kind, name, digest, length(CAST(document AS BLOB)) AS documentBytes, rejected_at, rejected_by
     FROM pending_pins`,
  );
  const allWithheld = database.prepare('SELECT * FROM withheld ORDER BY server, kind, name');
  const onePin = database.prepare('SELECT * FROM pins WHERE server = ? AND kind = ? AND name = ?');
  const version = database.prepare("SELECT value FROM counters WHERE name = 'pins'");
  const raiseVersion = database.prepare("UPDATE counters SET value = value + 1 WHERE name = 'pins'");
  const applyChange = prepareChanges(database);

  const apply = (changes: readonly PinChange[]): MaybePromise<void> =>
    whenFree(() =>
      inTransaction(database, () => {
        for (const change of changes) if (applyChange(change)) raiseVersion.run();
      }),
    );
  return {
    pins: () => whenFree(() => (allPins.all() as unknown as PinRow[]).map(pinOf)),
    pending: () => whenFree(() => (allPending.all() as unknown as PendingRow[]).map(pendingOf)),
    pendingDigests: () => whenFree(() => (allPendingDigests.all() as unknown as DigestRow[]).map(digestOf)),
    withheld: () => (allWithheld.all() as unknown as WithheldDefinition[]).map((row) => ({ ...row })),
    approve: (pin) => apply([{ kind: 'approve', pin }]),
    pinIfAbsent: (pin) =>
      andThen(apply([{ kind: 'pin_if_absent', pin }]), () =>
        whenFree(() => pinOf(onePin.get(pin.server, pin.kind, pin.name) as unknown as PinRow)),
      ),
    savePending: (pending) => apply([{ kind: 'save_pending', pending }]),
    apply,
    version: () => whenFree(() => (version.get() as { value: number }).value),
  } satisfies PinStore;
}

/** @returns a function that applies one change, and returns true when the change had an effect on pins. */
function prepareChanges(database: DatabaseSync): (change: PinChange) => boolean {
  const replacePin = database.prepare('INSERT OR REPLACE INTO pins VALUES (?, ?, ?, ?, ?, ?, ?)');
  const addPin = database.prepare(
    'INSERT INTO pins VALUES (?, ?, ?, ?, ?, ?, ?) ON CONFLICT (server, kind, name) DO NOTHING',
  );
  const updateDocument = database.prepare(
    'UPDATE pins SET document = ? WHERE server = ? AND kind = ? AND name = ? AND digest = ?',
  );
  const replacePending = database.prepare(
    `INSERT INTO pending_pins (server, kind, name, digest, document, seen_at) VALUES (?, ?, ?, ?, ?, ?)
     ON CONFLICT (server, kind, name) DO UPDATE SET
       rejected_at = CASE WHEN digest = excluded.digest THEN rejected_at END,
       rejected_by = CASE WHEN digest = excluded.digest THEN rejected_by END,
       digest = excluded.digest, document = excluded.document, seen_at = excluded.seen_at`,
  );
  const rejectPending = database.prepare(
    `UPDATE pending_pins SET rejected_at = ?, rejected_by = ?
     WHERE server = ? AND kind = ? AND name = ? AND digest = ?`,
  );
  const removePending = database.prepare('DELETE FROM pending_pins WHERE server = ? AND kind = ? AND name = ?');
  const removeApproved = database.prepare(
    'DELETE FROM pending_pins WHERE server = ? AND kind = ? AND name = ? AND digest = ?',
  );
  const removeWithheld = database.prepare('DELETE FROM withheld WHERE server = ? AND kind = ?');
  const addWithheld = database.prepare('INSERT OR REPLACE INTO withheld VALUES (?, ?, ?, ?)');
  return (change) => {
    switch (change.kind) {
      case 'approve':
        replacePin.run(...columnsOf(change.pin));
        removeApproved.run(change.pin.server, change.pin.kind, change.pin.name, change.pin.digest);
        return true;
      case 'pin_if_absent': {
        const { server, kind, name } = change.pin;
        if (addPin.run(...columnsOf(change.pin)).changes === 0) return false;
        removePending.run(server, kind, name);
        return true;
      }
      case 'update_document': {
        const { server, kind, name, digest, document } = change.pin;
        return updateDocument.run(JSON.stringify(document), server, kind, name, digest).changes > 0;
      }
      case 'save_pending': {
        const { server, kind, name, digest, document, seenAtMs } = change.pending;
        replacePending.run(server, kind, name, digest, JSON.stringify(document), seenAtMs);
        return true;
      }
      case 'reject': {
        const { server, kind, name, digest, rejected } = change.pending;
        return rejectPending.run(rejected.atMs, rejected.by, server, kind, name, digest).changes > 0;
      }
      case 'note_withheld': {
        const { server, listed, withheld } = change;
        removeWithheld.run(server, listed);
        for (const { name, reason } of withheld) addWithheld.run(server, listed, name, reason);
        return false;
      }
    }
  };
}

function inTransaction(database: DatabaseSync, work: () => void): void {
  database.exec('BEGIN IMMEDIATE');
  try {
    work();
    database.exec('COMMIT');
  } catch (thrown) {
    database.exec('ROLLBACK');
    throw thrown;
  }
}

const columnsOf = ({ server, kind, name, digest, document, approvedAtMs, approvedBy }: Pin) =>
  [server, kind, name, digest, JSON.stringify(document), approvedAtMs, approvedBy] as const;

const definitionOf = ({ server, kind, name, digest, document }: PinRow | PendingRow) => ({
  server,
  kind,
  name,
  digest,
  document: JSON.parse(document) as JsonObject,
});

const pinOf = (row: PinRow): Pin => ({
  ...definitionOf(row),
  approvedAtMs: row.approved_at,
  approvedBy: row.approved_by,
});

type RejectionRow = Pick<PendingRow, 'rejected_at' | 'rejected_by'>;
type DigestRow = Omit<PendingDigest, 'rejected'> & RejectionRow;

const rejectionOf = ({ rejected_at: atMs, rejected_by: by }: RejectionRow): Pick<PendingPin, 'rejected'> =>
  atMs === null ? {} : { rejected: { atMs, by: by ?? '' } };

const digestOf = ({ server, kind, name, digest, documentBytes, ...row }: DigestRow): PendingDigest => ({
  server,
  kind,
  name,
  digest,
  documentBytes,
  ...rejectionOf(row),
});

const pendingOf = (row: PendingRow): PendingPin => ({
  ...definitionOf(row),
  seenAtMs: row.seen_at,
  ...rejectionOf(row),
});
