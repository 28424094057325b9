/** `sallyport pins diff`: what servers show instead of what is approved. */
import type { PendingPin, Pin } from '@sallyport/guard';
import { RUNNING_OPTION } from './admin-client.ts';
import type { CommandDefinition } from './command.ts';
import { printJson, type CliIo } from './io.ts';
import { diffLines } from './pins-diff-lines.ts';
import {
  JSON_OPTION,
  KIND_OPTION,
  NOTHING_PINNED,
  pendingJson,
  pinJson,
  selectPins,
  titleOf,
  withPins,
  type PinAccess,
  type PinSelection,
} from './pins-selection.ts';

interface DiffOptions {
  readonly kind?: string;
  readonly adminUrl?: string;
  readonly json?: boolean;
}

/** `sallyport pins diff`. */
export const diffCommand: CommandDefinition<readonly [string | undefined, string | undefined], DiffOptions> = {
  name: 'diff',
  summary: 'what servers show instead of what is approved; exit code 1 when there is any',
  arguments: [
    { name: 'server', optional: true },
    { name: 'name', optional: true },
  ],
  options: [KIND_OPTION, RUNNING_OPTION, JSON_OPTION],
  example: '$ sallyport pins diff crm get_customer',
  run: ([server, name], options, context) => {
    const selection: PinSelection = { server, name, kind: options.kind };
    return withPins(context, options.adminUrl, selection, (store) => diffPins(store, selection, options, context.io));
  },
};

/** The exit code is 1 when there is a difference, or when nothing is pinned under the name that was given. */
async function diffPins(store: PinAccess, selection: PinSelection, options: DiffOptions, io: CliIo): Promise<void> {
  const pins = await store.pins();
  const pinByKey = new Map(pins.map((pin) => [keyOf(pin), pin]));
  const pending = selectPins(await store.pending(), selection);
  io.exit(pending.length === 0 ? 0 : 1);
  if (options.json === true) {
    const changes = pending.map((seen) => {
      const pinned = pinByKey.get(keyOf(seen));
      return { ...pendingJson(seen), pinned: pinned === undefined ? null : pinJson(pinned) };
    });
    return printJson(io, { changes });
  }
  for (const seen of pending) printChange(pinByKey.get(keyOf(seen)), seen, io);
  if (pending.length > 0) return;
  if (selectPins(pins, selection).length > 0) return io.stderr('What was last seen is what was approved.\n');
  if (selection.name === undefined) return io.stderr(NOTHING_PINNED);
  io.exit(1);
  io.stderr('Nothing is pinned under that name.\n');
}

function printChange(pinned: Pin | undefined, seen: PendingPin, io: CliIo): void {
  io.stdout(`${titleOf(seen)}\n`);
  io.stdout(pinned === undefined ? '  never approved\n' : `  approved ${pinned.digest}\n`);
  io.stdout(`  seen     ${seen.digest}  ${new Date(seen.seenAtMs).toISOString()}\n`);
  for (const line of diffLines(pinned?.document, seen.document)) io.stdout(`${line}\n`);
  io.stdout('\n');
}

const keyOf = ({ server, kind, name }: Pick<Pin, 'server' | 'kind' | 'name'>): string =>
  JSON.stringify([server, kind, name]);
