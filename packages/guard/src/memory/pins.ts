import type { PendingDigest, PendingPin, Pin, PinChange, PinStore, WithheldDefinition } from '../pin-store.ts';

/**
 * Pins in memory: for one process, until it ends. Every method answers at once.
 *
 * @example
 * ```ts
 * const pins = createMemoryPins();
 * const count = pins.pending().length;
 * ```
 */
export function createMemoryPins() {
  const pins = new Map<string, Pin>();
  const pending = new Map<string, PendingPin>();
  const withheld = new Map<string, readonly WithheldDefinition[]>();
  let version = 0;

  const apply = (changes: readonly PinChange[]): void => {
    for (const change of changes) {
      if (change.kind === 'note_withheld') noteWithheld(withheld, change);
      else if (applyChange(pins, pending, change)) version += 1;
    }
  };
  return {
    pins: () => [...pins.values()],
    pending: () => [...pending.values()],
    pendingDigests: () => [...pending.values()].map(digestOf),
    withheld: () => [...withheld.values()].flat(),
    approve: (pin) => apply([{ kind: 'approve', pin }]),
    pinIfAbsent(pin) {
      apply([{ kind: 'pin_if_absent', pin }]);
      return pins.get(keyOf(pin)) ?? pin;
    },
    savePending: (definition) => apply([{ kind: 'save_pending', pending: definition }]),
    apply,
    version: () => version,
  } satisfies PinStore;
}

const digestOf = ({ server, kind, name, digest, document, rejected }: PendingPin): PendingDigest => ({
  server,
  kind,
  name,
  digest,
  documentBytes: Buffer.byteLength(JSON.stringify(document)),
  ...(rejected !== undefined && { rejected }),
});

type Note = Extract<PinChange, { kind: 'note_withheld' }>;

function noteWithheld(lists: Map<string, readonly WithheldDefinition[]>, { server, listed, withheld }: Note): void {
  lists.set(
    JSON.stringify([server, listed]),
    withheld.map(({ name, reason }) => ({ server, kind: listed, name, reason })),
  );
}

/** @returns true when the change had an effect. */
function applyChange(
  pins: Map<string, Pin>,
  pending: Map<string, PendingPin>,
  change: Exclude<PinChange, Note>,
): boolean {
  if (change.kind === 'save_pending') {
    const earlier = pending.get(keyOf(change.pending));
    const rejected = earlier?.digest === change.pending.digest ? earlier.rejected : undefined;
    pending.set(keyOf(change.pending), { ...change.pending, ...(rejected !== undefined && { rejected }) });
    return true;
  }
  if (change.kind === 'reject') {
    const waiting = pending.get(keyOf(change.pending));
    if (waiting?.digest !== change.pending.digest) return false;
    pending.set(keyOf(change.pending), { ...waiting, rejected: change.pending.rejected });
    return true;
  }
  const key = keyOf(change.pin);
  const pinned = pins.get(key);
  switch (change.kind) {
    case 'approve':
      pins.set(key, change.pin);
      if (pending.get(key)?.digest === change.pin.digest) pending.delete(key);
      return true;
    case 'pin_if_absent':
      if (pinned !== undefined) return false;
      pins.set(key, change.pin);
      pending.delete(key);
      return true;
    case 'update_document':
      if (pinned?.digest !== change.pin.digest) return false;
      pins.set(key, { ...pinned, document: change.pin.document });
      return true;
  }
}

const keyOf = ({ server, kind, name }: Pick<Pin, 'server' | 'kind' | 'name'>): string =>
  JSON.stringify([server, kind, name]);
