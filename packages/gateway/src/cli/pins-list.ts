/** `sallyport pins list`: what is approved, and what waits for approval. */
import type { PendingPin, Pin } from '@sallyport/guard';
import { columns } from './columns.ts';
import { RUNNING_OPTION } from './admin-client.ts';
import type { CommandDefinition } from './command.ts';
import { printJson, type CliIo } from './io.ts';
import {
  cellsOf,
  JSON_OPTION,
  KIND_OPTION,
  NOTHING_PINNED,
  pendingJson,
  pinJson,
  selectPins,
  withPins,
  type PinAccess,
  type PinSelection,
} from './pins-selection.ts';
import { printableLine } from './printable.ts';

interface ListOptions {
  readonly kind?: string;
  readonly adminUrl?: string;
  readonly json?: boolean;
  readonly pending?: boolean;
}

/** `sallyport pins list`. */
export const listCommand: CommandDefinition<readonly [string | undefined], ListOptions> = {
  name: 'list',
  summary: 'what is approved, and what waits',
  arguments: [{ name: 'server', optional: true }],
  options: [KIND_OPTION, { flags: '--pending', summary: 'only what waits for approval' }, RUNNING_OPTION, JSON_OPTION],
  example: '$ sallyport pins list crm --pending',
  run: ([server], options, context) => {
    const selection: PinSelection = { server, name: undefined, kind: options.kind };
    return withPins(context, options.adminUrl, selection, (store) => listPins(store, selection, options, context.io));
  },
};

async function listPins(store: PinAccess, selection: PinSelection, options: ListOptions, io: CliIo): Promise<void> {
  const pending = selectPins(await store.pending(), selection);
  const pins = options.pending === true ? [] : selectPins(await store.pins(), selection);
  if (options.json === true) {
    const rows = {
      pins: pins.map((pin) => withoutDocument(pinJson(pin))),
      pending: pending.map((pin) => withoutDocument(pendingJson(pin))),
    };
    return printJson(io, rows);
  }
  const approvedRows = pins.map((pin) => [
    ...cellsOf(pin),
    shortDigest(pin),
    new Date(pin.approvedAtMs).toISOString().slice(0, 10),
    printableLine(pin.approvedBy, 40),
  ]);
  const pendingRows = pending.map((pin) => [...cellsOf(pin), shortDigest(pin), waitingText(pin), '']);
  for (const line of columns([...approvedRows, ...pendingRows])) io.stdout(`${line}\n`);
  if (pins.length > 0 || pending.length > 0) return;
  io.stderr(options.pending === true ? 'Nothing waits for approval.\n' : NOTHING_PINNED);
}

const waitingText = ({ rejected }: PendingPin): string =>
  rejected === undefined ? 'waits for approval' : `rejected by ${printableLine(rejected.by, 40)}`;

const shortDigest = ({ digest }: Pick<Pin, 'digest'>): string => digest.slice(0, 19);

function withoutDocument<R extends Pick<Pin, 'document'>>({ document: _document, ...row }: R): Omit<R, 'document'> {
  return row;
}
