/** Which pins a command is about, in what order they are printed, and how each is named. */
import type { PendingPin, Pin, PinStore } from '@sallyport/guard';
import { DEFINITION_KINDS } from '@sallyport/server/mcp/lists';
import { withKeysAndPins } from '../stores.ts';
import { adminTargetIfGiven } from './admin-client.ts';
import type { CommandContext, CommandOption } from './command.ts';
import { pinsOverApi, serversOverApi } from './pins-over-api.ts';
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

/** What commands need of the pins, in a store or over the control API. */
export type PinAccess = Pick<PinStore, 'pins' | 'pending' | 'apply'>;

/**
 * Opens the pins for a command: of a running gateway where one is named, else of the data folder. Prints an error
 * instead when the selection names an unknown kind or server.
 */
export async function withPins(
  context: CommandContext,
  adminUrl: string | undefined,
  { server, kind }: PinSelection,
  run: (pins: PinAccess) => Promise<void>,
): Promise<void> {
  const { io } = context;
  if (kind !== undefined && !DEFINITION_KINDS.some((known) => known === kind)) {
    io.stderr(`--kind must be one of ${DEFINITION_KINDS.join(', ')}\n`);
    return io.exit(2);
  }
  const isKnown = (servers: readonly string[]): boolean => {
    const unknown = server === undefined ? undefined : unknownName('server', server, [...servers].sort());
    if (unknown === undefined) return true;
    io.stderr(`${unknown}\n`);
    io.exit(1);
    return false;
  };
  const target = await adminTargetIfGiven(adminUrl, context);
  if (target !== undefined) {
    if (isKnown(await serversOverApi(target))) await run(pinsOverApi(target));
    return;
  }
  const { data, database, servers } = await io.loadFolders();
  await withKeysAndPins({ dataFolder: data, database }, async ({ pins }) => {
    // A server that was taken out of the configuration is still known by its pins.
    const stored = [...(await pins.pins()), ...(await pins.pending())];
    if (isKnown([...new Set([...servers, ...stored.map((pin) => pin.server)])])) await run(pins);
  });
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
