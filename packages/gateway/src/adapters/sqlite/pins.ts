import type { DatabaseSync } from 'node:sqlite';
import type { DefinitionKind, Digest, JsonObject, PendingPin, Pin, PinStore } from '@sallyport/guard';

interface Row {
  server: string;
  kind: DefinitionKind;
  name: string;
  digest: Digest;
  document: string;
  approved_at: number;
  approved_by: string;
  seen_at: number;
}

const named = ({ server, kind, name, digest, document }: Row) => ({
  server,
  kind,
  name,
  digest,
  document: JSON.parse(document) as JsonObject,
});

export function createPins(database: DatabaseSync): PinStore {
  const pins = database.prepare('SELECT * FROM pins ORDER BY server, kind, name');
  const pending = database.prepare('SELECT * FROM pending_pins ORDER BY server, kind, name');
  const approve = database.prepare('INSERT OR REPLACE INTO pins VALUES (?, ?, ?, ?, ?, ?, ?)');
  const first = database.prepare('INSERT INTO pins VALUES (?, ?, ?, ?, ?, ?, ?)');
  const inForce = database.prepare('SELECT * FROM pins WHERE server = ? AND kind = ? AND name = ?');
  const settle = database.prepare('DELETE FROM pending_pins WHERE server = ? AND kind = ? AND name = ? AND digest = ?');
  const settleAll = database.prepare('DELETE FROM pending_pins WHERE server = ? AND kind = ? AND name = ?');
  const suspend = database.prepare('INSERT OR REPLACE INTO pending_pins VALUES (?, ?, ?, ?, ?, ?)');
  const bump = database.prepare("UPDATE counters SET value = value + 1 WHERE name = 'pins'");
  const version = database.prepare("SELECT value FROM counters WHERE name = 'pins'");
  const together = (...steps: readonly (() => unknown)[]): void => {
    // Within `atOnce` the transaction is open already, and ends with all of them.
    if (database.isTransaction) return steps.forEach((step) => void step());
    database.exec('BEGIN IMMEDIATE');
    try {
      for (const step of steps) step();
      database.exec('COMMIT');
    } catch (thrown) {
      database.exec('ROLLBACK');
      throw thrown;
    }
  };
  const pinOf = (row: Row): Pin => ({ ...named(row), approvedAtMs: row.approved_at, approvedBy: row.approved_by });
  return {
    pins: () => (pins.all() as unknown as Row[]).map(pinOf),
    pending: () =>
      (pending.all() as unknown as Row[]).map((row): PendingPin => ({ ...named(row), seenAtMs: row.seen_at })),
    approve: (pin) =>
      together(
        () =>
          approve.run(
            pin.server,
            pin.kind,
            pin.name,
            pin.digest,
            JSON.stringify(pin.document),
            pin.approvedAtMs,
            pin.approvedBy,
          ),
        () => settle.run(pin.server, pin.kind, pin.name, pin.digest),
        () => bump.run(),
      ),
    pinIfAbsent(pin) {
      let known: Row | undefined;
      together(() => {
        known = inForce.get(pin.server, pin.kind, pin.name) as Row | undefined;
        if (known !== undefined) return;
        first.run(
          pin.server,
          pin.kind,
          pin.name,
          pin.digest,
          JSON.stringify(pin.document),
          pin.approvedAtMs,
          pin.approvedBy,
        );
        settleAll.run(pin.server, pin.kind, pin.name);
        bump.run();
      });
      return known === undefined ? pin : pinOf(known);
    },
    savePending: (one) =>
      together(
        () => suspend.run(one.server, one.kind, one.name, one.digest, JSON.stringify(one.document), one.seenAtMs),
        () => bump.run(),
      ),
    transaction: (write) => together(write),
    version: () => (version.get() as { value: number }).value,
  } satisfies PinStore;
}
