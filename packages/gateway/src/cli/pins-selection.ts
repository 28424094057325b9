/** Which pins a command is about, in what order they are printed, and how each is named. */
import { join } from 'node:path';
import type { PendingPin, Pin, PinStore } from '@sallyport/guard';
import { openStore } from '../adapters/sqlite/store.ts';
import { DEFINITION_KINDS } from '../mcp/lists.ts';
import type { CommandOption } from './command.ts';
import type { CliIo } from './io.ts';
import { printableLine } from './printable.ts';
import { unknownName } from './unknown-name.ts';

/** The definitions that a command names; `undefined` means any. */
export interface PinSelection {
  readonly server: string | undefined;
  readonly name: string | undefined;
  readonly kind: string | undefined;
}

/** `--kind` of every command on pins. */
export const KIND_OPTION: CommandOption = { flags: '--kind <kind>', summary: `one of ${DEFINITION_KINDS.join(', ')}` };
/** `--json` of every command on pins. */
export const JSON_OPTION: CommandOption = { flags: '--json', summary: 'print JSON' };

/** Opens the pin store for a command. Prints an error instead when the selection names an unknown kind or server. */
export async function withPins(
  io: CliIo,
  { server, kind }: PinSelection,
  run: (pins: PinStore) => Promise<void>,
): Promise<void> {
  if (kind !== undefined && !DEFINITION_KINDS.some((known) => known === kind)) {
    io.stderr(`--kind must be one of ${DEFINITION_KINDS.join(', ')}\n`);
    return io.exit(2);
  }
  const { data, servers } = await io.loadFolders();
  const store = openStore(join(data, 'sallyport.db'));
  try {
    // A server that was taken out of the configuration is still known by its pins.
    const stored = [...(await store.pins.pins()), ...(await store.pins.pending())];
    const known = new Set([...servers, ...stored.map((pin) => pin.server)]);
    const unknown = server === undefined ? undefined : unknownName('server', server, [...known].sort());
    if (unknown === undefined) return await run(store.pins);
    io.stderr(`${unknown}\n`);
    io.exit(1);
  } finally {
    store.close();
  }
}

type Named = Pick<Pin, 'server' | 'kind' | 'name'>;

/** The selected definitions by server, kind and name. */
export function selectPins<P extends Named>(pins: readonly P[], { server, name, kind }: PinSelection): P[] {
  return pins
    .filter((pin) => server === undefined || pin.server === server)
    .filter((pin) => name === undefined || pin.name === name)
    .filter((pin) => kind === undefined || pin.kind === kind)
    .sort(
      (a, b) =>
        a.server.localeCompare(b.server) ||
        DEFINITION_KINDS.indexOf(a.kind) - DEFINITION_KINDS.indexOf(b.kind) ||
        (a.name < b.name ? -1 : 1),
    );
}

/** The first cells of a row: server, kind and name. */
export const cellsOf = ({ server, kind, name }: Named): readonly string[] => [
  server,
  kind,
  printableLine(name === '' ? '(the server itself)' : name, 60),
];

/** Server, kind and name in one line. */
export const titleOf = (pin: Named): string => cellsOf(pin).join('  ');

/** An approved definition as `--json` prints it. The document is left out where only the state is asked for. */
export function pinJson({ approvedAtMs, approvedBy, ...definition }: Pin) {
  return { ...definition, approvedAt: approvedAtMs, approvedBy };
}

/** A definition that waits for approval, as `--json` prints it. */
export function pendingJson({ seenAtMs, ...definition }: PendingPin) {
  return { ...definition, seenAt: seenAtMs };
}

/** What a command prints when the store has no pins. */
export const NOTHING_PINNED = 'Nothing is pinned yet: a server is pinned when it is first reached.\n';
