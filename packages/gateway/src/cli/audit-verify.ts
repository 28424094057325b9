/** `sallyport audit verify`: every record, hash and checkpoint of the chosen logs is checked. */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { cosignedAtMs, openCheckpoint, parseVkey } from '@sallyport/guard/audit';
import { originOf } from '@sallyport/server/segments/layout';
import { recordsIn, type Problem } from '@sallyport/server/segments/read-log';
import { verifyLog, type Verified } from '@sallyport/server/segments/verify';
import { foldersOf, LOG_SUMMARY, type LogSelection, type TenantFolder } from './audit-folders.ts';
import { parseVkeyOption, parseWitnessKeyOption, vkeyOf } from './audit-key.ts';
import type { CommandDefinition } from './command.ts';
import { printJson, type CliIo } from './io.ts';
import { readNotes, signedBy } from './outside-checkpoints.ts';
import { printable } from './printable.ts';
import { createProgress, type Progress } from './progress.ts';
import { showToWitness, type Cosigned, type Witness } from './witness.ts';

interface VerifyOptions extends LogSelection {
  /** A file or an address. */
  readonly checkpoint?: string;
  readonly key?: string;
  /** An address. */
  readonly witness?: string;
  readonly witnessKey?: string;
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
        'checkpoints kept elsewhere, one after the other; without them (or a witness) an older copy of a whole log, ' +
        'or a missing log, looks complete',
    },
    {
      flags: '--witness <url>',
      summary:
        'show the newest checkpoint of each log to this witness (C2SP tlog-witness), which signs only what continues ' +
        'what it saw before; needs --witness-key',
    },
    {
      flags: '--witness-key <vkey>',
      summary: 'public key of the witness; the checkpoints of --checkpoint must have its signature',
      parse: parseWitnessKeyOption,
    },
    { flags: '--json', summary: 'print JSON' },
  ],
  example: '$ sallyport audit verify --from ./export --key "$(cat trusted.vkey)"',
  run: async (_given, options, { io }) => {
    const { witness: url, witnessKey, key } = options;
    const folders = await foldersOf(options, io);
    const misuse = misuseOf(options, folders.length);
    if (misuse !== undefined) {
      io.stderr(misuse);
      return io.exit(2);
    }
    const witness = url === undefined || witnessKey === undefined ? undefined : { url, vkey: witnessKey };
    const notes = await outsideNotes(options, io);
    const used = new Set<string>();
    const results: Result[] = [];
    for (const folder of folders) {
      const verified = verify(folder, key, notes, used, createProgress(io));
      results.push(await withWitness({ ...folder, ...verified }, key, witness));
    }
    // L4: a tenant whose log was deleted, or took the key of another log.
    const unused = notes.filter((note) => !used.has(note));
    for (const note of unused)
      io.stderr(`FAILED  no log here has the key that signed a checkpoint of ${firstLine(note)}\n`);
    if (unused.length > 0) io.exit(1);
    if (options.json)
      printJson(
        io,
        results.map(({ folder: _folder, ...result }) => result),
      );
    else for (const result of results) printResult(result, io);
    if (results.some(({ problems }) => problems.length > 0)) io.exit(1);
  },
};

/** The log of one tenant, and what is wrong with it. */
interface Result extends Verified, TenantFolder {
  readonly cosigned?: Cosigned;
}

function misuseOf({ key, witness, witnessKey }: VerifyOptions, logs: number): string | undefined {
  if (key !== undefined && logs > 1)
    return '--key is the key of one log: name it with --tenant, and with --log where the tenant has several\n';
  if (witness !== undefined && witnessKey === undefined)
    return '--witness needs --witness-key: without the key anybody could answer in the place of the witness\n';
  return undefined;
}

/** The checkpoints that somebody else kept. Those without the signature of the witness are named and left out. */
async function outsideNotes({ checkpoint, witnessKey }: VerifyOptions, io: CliIo): Promise<readonly string[]> {
  const notes = checkpoint === undefined ? [] : await readNotes(checkpoint);
  if (witnessKey === undefined) return notes;
  const isCosigned = (note: string): boolean => cosignedAtMs(note, witnessKey) !== undefined;
  for (const note of notes.filter((note) => !isCosigned(note))) {
    io.stderr(`FAILED  a checkpoint of ${firstLine(note)} has no signature of the witness\n`);
    io.exit(1);
  }
  return notes.filter(isCosigned);
}

/** @param used gets the notes that the key of this log signed. */
function verify(
  { folder, tenant, log }: TenantFolder,
  givenKey: string | undefined,
  notes: readonly string[],
  used: Set<string>,
  progress: Progress,
): Verified {
  const key = vkeyOf(folder, givenKey);
  if (key !== undefined) {
    const signed = notes.filter((note) => signedBy([note], key).length > 0);
    for (const note of signed) used.add(note);
    const verified = verifyLog(folder, key, signedBy(signed, key), () => progress.record());
    progress.end();
    return { ...verified, problems: [...ownerProblems(key, tenant, log), ...verified.problems] };
  }
  const problems: Problem[] = [
    {
      file: 'vkey',
      index: undefined,
      what: 'the public key is missing or damaged, so no checkpoint can be checked; give it with --key',
    },
  ];
  let records = 0;
  for (const _record of recordsIn(folder, problems)) {
    records += 1;
    progress.record();
  }
  progress.end();
  return { records, checkpointed: 0, problems };
}

/** L4: a whole log in the folder of another tenant is complete, but its key is named after its own. */
function ownerProblems(key: string, tenant: string, log: string | undefined): Problem[] {
  const { name } = parseVkey(key);
  if (name.endsWith(originOf('', tenant, log))) return [];
  return [{ file: 'vkey', index: undefined, what: `the log is that of ${printable(name)}, and not of this folder` }];
}

/** A log that has problems of its own is not shown to the witness. */
async function withWitness(
  result: Result,
  givenKey: string | undefined,
  witness: Witness | undefined,
): Promise<Result> {
  if (witness === undefined || result.problems.length > 0) return result;
  const file = join(result.folder, 'checkpoint');
  const note = existsSync(file) ? readFileSync(file, 'utf8') : '';
  const checkpoint = openCheckpoint(note, vkeyOf(result.folder, givenKey) ?? '');
  const answer =
    checkpoint === undefined
      ? 'there is no checkpoint to show to it'
      : await showToWitness(witness, result.folder, note, checkpoint.size).catch(
          (cause: unknown) => `it cannot be asked: ${causeOf(cause)}`,
        );
  if (typeof answer === 'object') return { ...result, cosigned: answer };
  return { ...result, problems: [{ file: 'witness', index: undefined, what: answer }] };
}

/** `fetch` says no more than that it failed; its cause says why. */
function causeOf(thrown: unknown): string {
  const { message, cause } = thrown as Error;
  return cause instanceof Error ? cause.message : message;
}

const firstLine = (note: string): string => printable(note.split('\n')[0] ?? '');

function printResult(result: Result, io: CliIo): void {
  const { tenant, log, records, checkpointed, problems, cosigned } = result;
  const owner = tenant === '_' ? 'before a tenant is known (_)' : `tenant ${printable(tenant)}`;
  const name = log === undefined ? owner : `${owner}, log ${log}`;
  const seen = cosigned === undefined ? '' : `, seen by the witness at ${new Date(cosigned.atMs).toISOString()}`;
  if (problems.length === 0)
    return io.stdout(`ok      ${name}: ${records} records, ${checkpointed} under a signed checkpoint${seen}\n`);
  for (const { file, index, what } of problems) {
    const position = index === undefined ? file : `${file}, record ${index}`;
    io.stdout(`FAILED  ${name}: ${position}: ${what}\n`);
  }
}
