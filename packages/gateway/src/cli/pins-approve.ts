/** `sallyport pins approve`: approves definitions that wait for it. */
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

interface ApproveOptions {
  readonly kind?: string;
  readonly adminUrl?: string;
  readonly json?: boolean;
  readonly digest?: string;
  readonly all?: boolean;
}

/** `sallyport pins approve`. */
export const approveCommand: CommandDefinition<readonly [string, string | undefined], ApproveOptions> = {
  name: 'approve',
  summary: 'approve what waits; a running gateway serves it within a second',
  arguments: [{ name: 'server' }, { name: 'name', optional: true }],
  options: [
    KIND_OPTION,
    { flags: '--digest <digest>', summary: 'only if this is still what waits, as shown by diff' },
    { flags: '--all', summary: 'everything of this server that waits' },
    RUNNING_OPTION,
    JSON_OPTION,
  ],
  example: '$ sallyport pins diff crm get_customer\n$ sallyport pins approve crm get_customer --digest sha256:9f86d0…',
  run: ([server, name], options, context) => {
    const selection: PinSelection = { server, name, kind: options.kind };
    return withPins(context, options.adminUrl, selection, (store) =>
      approvePins(store, selection, options, context.io),
    );
  },
};

async function approvePins(
  store: PinAccess,
  selection: PinSelection,
  { json, digest: reviewed, all }: ApproveOptions,
  io: CliIo,
): Promise<void> {
  if ((selection.name === undefined && selection.kind === undefined) !== (all === true)) {
    io.stderr('Name what to approve (a name, or --kind), or say --all for everything of the server that waits.\n');
    return io.exit(2);
  }
  const pending = selectPins(await store.pending(), selection);
  if (reviewed !== undefined && pending.some(({ digest }) => digest !== reviewed)) {
    io.stderr('What waits is not what was reviewed: its digest differs. Look at it again with: sallyport pins diff\n');
    return io.exit(1);
  }
  const approval = { approvedAtMs: Date.now(), approvedBy: `cli:${userInfo().username}` };
  const changes = pending.map(({ seenAtMs: _seen, ...definition }): PinChange => ({
    kind: 'approve',
    pin: { ...definition, ...approval },
  }));
  if (changes.length > 0) await store.apply(changes);
  if (json === true) {
    const approved = pending.map(({ server, kind, name, digest }) => ({ server, kind, name, digest }));
    printJson(io, { approved });
  } else for (const pin of pending) io.stdout(`approved  ${titleOf(pin)}  ${pin.digest}\n`);
  if (pending.length > 0) return;
  const scope = all === true ? '' : ' under that name';
  io.stderr(`Nothing of ${printable(selection.server ?? '')} waits for approval${scope}.\n`);
  io.exit(1);
}
