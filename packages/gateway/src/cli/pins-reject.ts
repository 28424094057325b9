/** `sallyport pins reject`: says no to a definition that waits. */
import { userInfo } from 'node:os';
import type { PinChange } from '@sallyport/guard';
import { RUNNING_OPTION } from './admin-client.ts';
import type { CommandDefinition } from './command.ts';
import { printJson, type CliIo } from './io.ts';
import {
  JSON_OPTION,
  KIND_OPTION,
  selectPins,
  titleOf,
  withPins,
  type PinAccess,
  type PinSelection,
} from './pins-selection.ts';
import { printable } from './printable.ts';

interface RejectOptions {
  readonly kind?: string;
  readonly adminUrl?: string;
  readonly json?: boolean;
  readonly digest?: string;
}

/** `sallyport pins reject`. */
export const rejectCommand: CommandDefinition<readonly [string, string | undefined], RejectOptions> = {
  name: 'reject',
  summary: 'say no to what waits: it stays withheld, and may be approved later',
  arguments: [{ name: 'server' }, { name: 'name', optional: true }],
  options: [
    KIND_OPTION,
    { flags: '--digest <digest>', summary: 'only if this is still what waits, as shown by diff' },
    RUNNING_OPTION,
    JSON_OPTION,
  ],
  example: '$ sallyport pins diff crm get_customer\n$ sallyport pins reject crm get_customer --digest sha256:9f86d0…',
  run: ([server, name], options, context) => {
    const selection: PinSelection = { server, name, kind: options.kind };
    return withPins(context, options.adminUrl, selection, (store) => rejectPins(store, selection, options, context.io));
  },
};

async function rejectPins(
  store: PinAccess,
  selection: PinSelection,
  { json, digest: reviewed }: RejectOptions,
  io: CliIo,
): Promise<void> {
  if (selection.name === undefined && selection.kind === undefined) {
    io.stderr('Name what to reject: a name, or --kind.\n');
    return io.exit(2);
  }
  const pending = selectPins(await store.pending(), selection).filter((pin) => pin.rejected === undefined);
  if (reviewed !== undefined && pending.some(({ digest }) => digest !== reviewed)) {
    io.stderr('What waits is not what was reviewed: its digest differs. Look at it again with: sallyport pins diff\n');
    return io.exit(1);
  }
  const rejected = { atMs: Date.now(), by: `cli:${userInfo().username}` };
  const changes = pending.map(({ server, kind, name, digest }): PinChange => ({
    kind: 'reject',
    pending: { server, kind, name, digest, rejected },
  }));
  if (changes.length > 0) await store.apply(changes);
  if (json === true) {
    printJson(io, { rejected: pending.map(({ server, kind, name, digest }) => ({ server, kind, name, digest })) });
  } else for (const pin of pending) io.stdout(`rejected  ${titleOf(pin)}  ${pin.digest}\n`);
  if (pending.length > 0) return;
  io.stderr(`Nothing of ${printable(selection.server ?? '')} waits for an answer under that name.\n`);
  io.exit(1);
}
