/** `sallyport pins`: the definitions that are approved, what servers show instead, and the approval of it. */
import { userInfo } from 'node:os';
import { join } from 'node:path';
import type { DefinitionKind, PendingPin, Pin, PinStore } from '@sallyport/guard';
import { openStore } from '../adapters/sqlite/store.ts';
import { columns } from './columns.ts';
import type { CommandDefinition, CommandGroup, CommandOption } from './command.ts';
import { printJson, type CliIo } from './io.ts';
import { unknownName } from './unknown-name.ts';
import { diffLines } from './pins-diff.ts';
import { oneLine, printable } from './printable.ts';

const KINDS: readonly DefinitionKind[] = ['tool', 'prompt', 'resource', 'resource_template', 'server'];

interface Chosen {
  readonly kind?: string;
  readonly json?: boolean;
}

const KIND_OPTION: CommandOption = { flags: '--kind <kind>', summary: `one of ${KINDS.join(', ')}` };
const JSON_OPTION: CommandOption = { flags: '--json', summary: 'print JSON' };

const listCommand: CommandDefinition<readonly [string | undefined], Chosen & { readonly pending?: boolean }> = {
  name: 'list',
  summary: 'what is approved, and what waits',
  arguments: [{ name: 'server', optional: true }],
  options: [KIND_OPTION, { flags: '--pending', summary: 'only what waits for approval' }, JSON_OPTION],
  example: '$ sallyport pins list crm --pending',
  run: ([server], options, { io }) => withPins(io, { server, ...options }, (store) => list(store, server, options, io)),
};

const diffCommand: CommandDefinition<readonly [string | undefined, string | undefined], Chosen> = {
  name: 'diff',
  summary: 'what servers show instead of what is approved; exit code 1 when there is any',
  arguments: [
    { name: 'server', optional: true },
    { name: 'name', optional: true },
  ],
  options: [KIND_OPTION, JSON_OPTION],
  example: '$ sallyport pins diff crm get_customer',
  run: ([server, name], options, { io }) =>
    withPins(io, { server, ...options }, (store) => diff(store, { server, name, ...options }, io)),
};

const approveCommand: CommandDefinition<readonly [string, string | undefined], Chosen & Approval> = {
  name: 'approve',
  summary: 'approve what waits; a running gateway serves it within a second',
  arguments: [{ name: 'server' }, { name: 'name', optional: true }],
  options: [
    KIND_OPTION,
    { flags: '--digest <digest>', summary: 'only if this is still what waits, as shown by diff' },
    { flags: '--all', summary: 'everything of this server that waits' },
    JSON_OPTION,
  ],
  example: '$ sallyport pins diff crm get_customer\n$ sallyport pins approve crm get_customer --digest sha256:9f86d0…',
  run: ([server, name], options, { io }) =>
    withPins(io, { server, ...options }, (store) => approve(store, { server, name, ...options }, io)),
};

/** `sallyport pins …`. */
export const pinsCommands: CommandGroup = {
  name: 'pins',
  summary: 'approved definitions of tools, prompts, resources and servers, and what changed',
  example: '$ sallyport pins list --pending',
  commands: [listCommand, diffCommand, approveCommand],
};

interface Approval {
  readonly digest?: string;
  readonly all?: boolean;
}

interface Named extends Chosen {
  readonly server: string | undefined;
  readonly name: string | undefined;
}

async function withPins(
  io: CliIo,
  { kind, server }: Chosen & { readonly server: string | undefined },
  work: (pins: PinStore) => void,
): Promise<void> {
  if (kind !== undefined && !KINDS.some((one) => one === kind)) {
    io.stderr(`--kind must be one of ${KINDS.join(', ')}\n`);
    return io.exit(2);
  }
  const { data, servers } = await io.loadFolders();
  const store = openStore(join(data, 'sallyport.db'));
  try {
    // A server that was taken out of the configuration is still known by its pins.
    const known = new Set([...servers, ...[...store.pins.pins(), ...store.pins.pending()].map((pin) => pin.server)]);
    const unknown = server === undefined ? undefined : unknownName('server', server, [...known].sort());
    if (unknown === undefined) return work(store.pins);
    io.stderr(`${unknown}\n`);
    io.exit(1);
  } finally {
    store.close();
  }
}

const matches = (pin: Pick<Pin, 'server' | 'kind' | 'name'>, { server, name, kind }: Named): boolean =>
  (server === undefined || pin.server === server) &&
  (name === undefined || pin.name === name) &&
  (kind === undefined || pin.kind === kind);

const inOrder = <P extends Pick<Pin, 'server' | 'kind' | 'name'>>(pins: readonly P[]): P[] =>
  [...pins].sort(
    (a, b) =>
      a.server.localeCompare(b.server) || KINDS.indexOf(a.kind) - KINDS.indexOf(b.kind) || (a.name < b.name ? -1 : 1),
  );

const cellsOf = ({ server, kind, name }: Pick<Pin, 'server' | 'kind' | 'name'>): readonly string[] => [
  server,
  kind,
  oneLine(name === '' ? '(the server itself)' : name, 60),
];
const titleOf = (pin: Pick<Pin, 'server' | 'kind' | 'name'>): string => cellsOf(pin).join('  ');

const NOTHING_PINNED = 'Nothing is pinned yet: a server is pinned when it is first reached.\n';

function list(
  store: PinStore,
  server: string | undefined,
  options: Chosen & { readonly pending?: boolean },
  io: CliIo,
): void {
  const wanted: Named = { server, name: undefined, ...options };
  const pending = inOrder(store.pending().filter((pin) => matches(pin, wanted)));
  const pins = options.pending === true ? [] : inOrder(store.pins().filter((pin) => matches(pin, wanted)));
  if (options.json === true) {
    const short = ({ document: _document, ...row }: Pin | PendingPin): object => row;
    return printJson(io, { pins: pins.map(short), pending: pending.map(short) });
  }
  const approved = pins.map((pin) => [
    ...cellsOf(pin),
    pin.digest.slice(0, 19),
    new Date(pin.approvedAtMs).toISOString().slice(0, 10),
    oneLine(pin.approvedBy, 40),
  ]);
  for (const line of columns([
    ...approved,
    ...pending.map((pin) => [...cellsOf(pin), pin.digest.slice(0, 19), 'waits for approval', '']),
  ]))
    io.stdout(`${line}\n`);
  if (pins.length > 0 || pending.length > 0) return;
  io.stderr(options.pending === true ? 'Nothing waits for approval.\n' : NOTHING_PINNED);
}

function diff(store: PinStore, wanted: Named, io: CliIo): void {
  const approved = new Map(store.pins().map((pin) => [keyOf(pin), pin]));
  const pending = inOrder(store.pending().filter((pin) => matches(pin, wanted)));
  io.exit(pending.length === 0 ? 0 : 1);
  if (wanted.json === true) {
    const changes = pending.map((pin) => ({ ...pin, pinned: approved.get(keyOf(pin)) ?? null }));
    return printJson(io, { changes });
  }
  for (const pin of pending) {
    const before = approved.get(keyOf(pin));
    io.stdout(
      `${titleOf(pin)}\n  ${before === undefined ? 'never approved' : `approved ${before.digest}`}\n  seen     ${pin.digest}  ${new Date(pin.seenAtMs).toISOString()}\n`,
    );
    for (const line of diffLines(before?.document, pin.document)) io.stdout(`${line}\n`);
    io.stdout('\n');
  }
  if (pending.length > 0) return;
  const there = store.pins().some((pin) => matches(pin, wanted));
  // Nothing to compare with is not the same as nothing that changed.
  if (!there && wanted.name !== undefined) io.exit(1);
  io.stderr(
    there
      ? 'What was last seen is what was approved.\n'
      : wanted.name === undefined
        ? NOTHING_PINNED
        : 'Nothing is pinned under that name.\n',
  );
}

const keyOf = ({ server, kind, name }: Pick<Pin, 'server' | 'kind' | 'name'>): string =>
  JSON.stringify([server, kind, name]);

function approve(store: PinStore, wanted: Named & Approval, io: CliIo): void {
  if ((wanted.name === undefined && wanted.kind === undefined) !== (wanted.all === true)) {
    io.stderr('Name what to approve (a name, or --kind), or say --all for everything of the server that waits.\n');
    return io.exit(2);
  }
  const found = inOrder(store.pending().filter((pin) => matches(pin, wanted)));
  if (wanted.digest !== undefined && found.some(({ digest }) => digest !== wanted.digest)) {
    io.stderr('What waits is not what was reviewed: its digest differs. Look at it again with: sallyport pins diff\n');
    return io.exit(1);
  }
  const approvedAt = Date.now();
  for (const { seenAtMs: _seen, ...pin } of found)
    store.approve({ ...pin, approvedAtMs: approvedAt, approvedBy: `cli:${userInfo().username}` });
  if (wanted.json === true)
    printJson(io, { approved: found.map(({ server, kind, name, digest }) => ({ server, kind, name, digest })) });
  else for (const pin of found) io.stdout(`approved  ${titleOf(pin)}  ${pin.digest}\n`);
  if (found.length > 0) return;
  io.stderr(
    `Nothing of ${printable(wanted.server ?? '')} waits for approval${wanted.all === true ? '' : ' under that name'}.\n`,
  );
  io.exit(1);
}
