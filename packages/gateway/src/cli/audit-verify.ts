/** `sallyport audit verify`: every record, hash and checkpoint of the chosen logs is checked. */
import { recordsIn, type Problem } from '../adapters/segments/read-log.ts';
import { verifyLog, type Verified } from '../adapters/segments/verify.ts';
import { foldersOf, LOG_SUMMARY, type LogSelection, type TenantFolder } from './audit-folders.ts';
import { parseVkeyOption, vkeyOf } from './audit-key.ts';
import type { CommandDefinition } from './command.ts';
import { printJson, type CliIo } from './io.ts';
import { readNotes, signedBy } from './outside-checkpoints.ts';
import { printable } from './printable.ts';

interface VerifyOptions extends LogSelection {
  /** A file or an address. */
  readonly checkpoint?: string;
  readonly key?: string;
}

/** `sallyport audit verify`. */
export const verifyCommand: CommandDefinition<readonly [], VerifyOptions> = {
  name: 'verify',
  summary: 'check every record, hash and checkpoint; works offline on an export',
  options: [
    { flags: '--from <folder>', summary: 'data folder or export (default: the configured audit folder)' },
    { flags: '--tenant <id>', summary: 'only this tenant' },
    { flags: '--log <name>', summary: LOG_SUMMARY },
    {
      flags: '--key <vkey>',
      summary:
        'public key to trust (default: the one in the folder, which whoever changed the log could have changed too)',
      parse: parseVkeyOption,
    },
    {
      flags: '--checkpoint <file|url>',
      summary:
        'checkpoints kept elsewhere, one after the other; without them an older copy of a whole log, or a missing ' +
        'log, looks complete',
    },
    { flags: '--json', summary: 'print JSON' },
  ],
  example: '$ sallyport audit verify --from ./export --key "$(cat trusted.vkey)"',
  run: async (_given, options, { io }) => {
    const folders = await foldersOf(options, io);
    if (options.key !== undefined && folders.length > 1) {
      io.stderr('--key is the key of one log: name it with --tenant, and with --log where the tenant has several\n');
      return io.exit(2);
    }
    const notes = options.checkpoint === undefined ? [] : await readNotes(options.checkpoint);
    const used = new Set<string>();
    const progress = (records: number): void => io.stderr(`${records} records read\n`);
    const results = folders.map(({ tenant, log, folder }) => ({
      tenant,
      log,
      ...verify(folder, options.key, notes, used, progress),
    }));
    // L4: a tenant whose log was deleted, or took the key of another log.
    const unused = notes.filter((note) => !used.has(note));
    for (const note of unused)
      io.stderr(`FAILED  no log here has the key that signed a checkpoint of ${originOf(note)}\n`);
    if (unused.length > 0) io.exit(1);
    if (options.json) printJson(io, results);
    else for (const result of results) printResult(result, io);
    if (results.some(({ problems }) => problems.length > 0)) io.exit(1);
  },
};

/** @param used gets the notes that the key of this log signed. */
function verify(
  folder: string,
  givenKey: string | undefined,
  notes: readonly string[],
  used: Set<string>,
  progress: (records: number) => void,
): Verified {
  const key = vkeyOf(folder, givenKey);
  if (key !== undefined) {
    const signed = notes.filter((note) => signedBy([note], key).length > 0);
    for (const note of signed) used.add(note);
    return verifyLog(folder, key, signedBy(signed, key), progress);
  }
  const problems: Problem[] = [
    {
      file: 'vkey',
      index: undefined,
      what: 'the public key is missing or damaged, so no checkpoint can be checked; give it with --key',
    },
  ];
  let records = 0;
  for (const _record of recordsIn(folder, problems)) records += 1;
  return { records, checkpointed: 0, problems };
}

const originOf = (note: string): string => printable(note.split('\n')[0] ?? '');

function printResult(result: Verified & Pick<TenantFolder, 'tenant' | 'log'>, io: CliIo): void {
  const { tenant, log, records, checkpointed, problems } = result;
  const owner = tenant === '_' ? 'before a tenant is known (_)' : `tenant ${printable(tenant)}`;
  const name = log === undefined ? owner : `${owner}, log ${log}`;
  if (problems.length === 0)
    return io.stdout(`ok      ${name}: ${records} records, ${checkpointed} under a signed checkpoint\n`);
  for (const { file, index, what } of problems) {
    const position = index === undefined ? file : `${file}, record ${index}`;
    io.stdout(`FAILED  ${name}: ${position}: ${what}\n`);
  }
}
