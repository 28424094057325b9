/** `sallyport audit`: what was recorded, and the proof that it still says what it said. */
import { copyFileSync, existsSync, mkdirSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { InvalidArgumentError, type Command } from 'commander';
import {
  inclusionProof,
  leafHash,
  openCheckpoint,
  parseVkey,
  verifyInclusion,
  type Checkpoint,
} from '@sallyport/guard/audit';
import { processFolder, segmentsIn, tenantFolder } from '../adapters/segments/layout.ts';
import { readRecords, verifyLog, type StoredRecord, type Verified } from '../adapters/segments/verify.ts';
import { registerSearch } from './audit-search.ts';
import { foldersOf, LOG, type TenantFolder, type Where } from './audit-folders.ts';
import type { CliIo } from './io.ts';
import { printable } from './printable.ts';

export function registerAudit(program: Command, io: CliIo): void {
  const audit = program
    .command('audit')
    .description('search the audit log, and prove that nobody changed it')
    .addHelpText('after', '\nExample:\n  $ sallyport audit verify\n');
  audit
    .command('verify')
    .description('check every record, hash and checkpoint; works offline on an export')
    .option('--from <folder>', 'data folder or export (default: the configured audit folder)')
    .option('--tenant <id>', 'only this tenant')
    .option('--log <name>', LOG)
    .option(
      '--key <vkey>',
      'public key to trust (default: the one in the folder, which whoever changed the log could have changed too)',
      vkeyOption,
    )
    .option('--json', 'print JSON')
    .addHelpText('after', '\nExample:\n  $ sallyport audit verify --from ./export --key "$(cat trusted.vkey)"\n')
    .action((options: Where & { key?: string }) => verify(options, io));
  audit
    .command('prove')
    .argument('<index>', 'index of the record, as audit search --json shows it', recordIndex)
    .description('prove that one record is in the log under the last checkpoint')
    .requiredOption('--tenant <id>', 'tenant whose log it is')
    .option('--log <name>', `${LOG} (default: the gateway's own)`)
    .option('--from <folder>', 'data folder or export')
    .option('--key <vkey>', 'public key to trust', vkeyOption)
    .option('--json', 'print JSON')
    .addHelpText('after', '\nExample:\n  $ sallyport audit prove 12 --tenant acme --json\n')
    .action((index: number, options: Where & { key?: string; tenant: string }) => prove(index, options, io));
  audit
    .command('export <folder>')
    .description('copy the log with its checkpoints and public keys, for verification elsewhere')
    .option('--from <folder>', 'data folder')
    .option('--tenant <id>', 'only this tenant')
    .option('--log <name>', LOG)
    .option('--json', 'print JSON')
    .addHelpText('after', '\nExample:\n  $ sallyport audit export ./audit-2026-11 --tenant acme\n')
    .action((folder: string, options: Where) => exportLogs(folder, options, io));
  registerSearch(audit, io);
}

/** @returns the key that was given, or the folder's own; `undefined` when that one is missing or damaged. */
function keyOf(folder: string, given: string | undefined): string | undefined {
  try {
    const key = given ?? readFileSync(join(folder, 'vkey'), 'utf8').trim();
    parseVkey(key);
    return key;
  } catch {
    return undefined;
  }
}

function vkeyOption(text: string): string {
  try {
    parseVkey(text);
    return text.trim();
  } catch {
    throw new InvalidArgumentError('Use the line in the file vkey of the log: name+id+key.');
  }
}

function recordIndex(text: string): number {
  if (!/^\d{1,15}$/.test(text))
    throw new InvalidArgumentError('Use the index of a record, a whole number from 0; audit search --json shows it.');
  return Number(text);
}

async function verify(options: Where & { readonly key?: string }, io: CliIo): Promise<void> {
  const folders = await foldersOf(options, io);
  if (options.key !== undefined && folders.length > 1) {
    io.stderr('--key is the key of one log: name it with --tenant, and with --log where the tenant has several\n');
    return io.exit(2);
  }
  const results = folders.map(({ tenant, log, folder }) => ({ tenant, log, ...verified(folder, options.key) }));
  if (options.json) io.stdout(`${JSON.stringify(results)}\n`);
  else for (const result of results) print(result, io);
  if (results.some((result) => result.problems.length > 0)) io.exit(1);
}

function verified(folder: string, given: string | undefined): Verified {
  const key = keyOf(folder, given);
  if (key !== undefined) return verifyLog(folder, key);
  const { records, problems } = readRecords(folder);
  return {
    records: records.length,
    checkpointed: 0,
    problems: [
      {
        file: 'vkey',
        index: undefined,
        what: 'the public key is missing or damaged, so no checkpoint can be checked; give it with --key',
      },
      ...problems,
    ],
  };
}

function print(
  { tenant, log, records, checkpointed, problems }: Verified & Pick<TenantFolder, 'tenant' | 'log'>,
  io: CliIo,
): void {
  const name = `${tenant === '_' ? 'before a tenant is known (_)' : `tenant ${printable(tenant)}`}${log === undefined ? '' : `, log ${log}`}`;
  if (problems.length === 0)
    return io.stdout(`ok      ${name}: ${records} records, ${checkpointed} under a signed checkpoint\n`);
  for (const { file, index, what } of problems)
    io.stdout(`FAILED  ${name}: ${file}${index === undefined ? '' : `, record ${index}`}: ${what}\n`);
}

async function prove(
  index: number,
  options: Where & { readonly key?: string; readonly tenant: string },
  io: CliIo,
): Promise<void> {
  const folders = await foldersOf(options, io);
  const { folder } = (folders.find(({ log }) => log === options.log) ?? folders[0]) as TenantFolder;
  const checkpoint = signedBy(folder, options.key);
  const { records } = readRecords(folder);
  if (index >= checkpoint.size)
    throw new Error(
      `record ${index} is not under the checkpoint, which covers ${checkpoint.size} records (0 to ${checkpoint.size - 1})`,
    );
  if (records.length < checkpoint.size)
    throw new Error(
      `only ${records.length} of the ${checkpoint.size} records under the checkpoint can be read, so nothing can be proved; what is wrong says: sallyport audit verify`,
    );
  const { bytes } = records[index] as StoredRecord;
  const hashes = records.map((record) => leafHash(record.bytes));
  const leaf = hashes[index] as Buffer;
  const proof = inclusionProof((at) => hashes[at] as Buffer, index, checkpoint.size);
  const holds = verifyInclusion({ leaf, index, size: checkpoint.size, proof, root: checkpoint.root });
  const result = {
    index,
    size: checkpoint.size,
    origin: checkpoint.origin,
    root: checkpoint.root.toString('base64'),
    leaf: leaf.toString('base64'),
    proof: proof.map((hash) => hash.toString('base64')),
    holds,
  };
  if (options.json) io.stdout(`${JSON.stringify({ ...result, record: JSON.parse(bytes.toString()) })}\n`);
  else
    io.stdout(
      holds
        ? `Record ${index} is in the log of ${checkpoint.size} records that ${checkpoint.origin} signed.\n`
        : `Record ${index} is NOT in the log that ${checkpoint.origin} signed.\n`,
    );
  if (!holds) io.exit(1);
}

function signedBy(folder: string, given: string | undefined): Checkpoint {
  const file = join(folder, 'checkpoint');
  if (!existsSync(file)) throw new Error(`there is no checkpoint in ${folder}: nothing there is signed`);
  const key = keyOf(folder, given);
  if (key === undefined)
    throw new Error(`the public key ${join(folder, 'vkey')} is missing or damaged; give it with --key`);
  const checkpoint = openCheckpoint(readFileSync(file, 'utf8'), key);
  if (checkpoint === undefined) throw new Error(`the checkpoint ${file} is not signed by this key`);
  return checkpoint;
}

async function exportLogs(target: string, options: Where, io: CliIo): Promise<void> {
  if (existsSync(target) && readdirSync(target).length > 0) throw new Error(`${target} is not empty`);
  const folders = await foldersOf(options, io);
  mkdirSync(target, { recursive: true, mode: 0o700 });
  // The public parts only: the master key stays where it is.
  for (const { tenant, log, folder } of folders) copyLog(folder, tenantFolder(processFolder(target, log), tenant));
  if (options.json)
    io.stdout(`${JSON.stringify({ folder: target, tenants: [...new Set(folders.map(({ tenant }) => tenant))] })}\n`);
  else
    io.stdout(
      `Exported ${folders.length} ${folders.length === 1 ? 'log' : 'logs'} to ${target}. Verify with: sallyport audit verify --from ${target}\n`,
    );
}

const ATTEMPTS = 5;

/** In the order that `verifyLog` reads in, for the same reason; a segment that was copied in the middle of a write is copied again. */
function copyLog(folder: string, target: string): void {
  mkdirSync(target, { recursive: true, mode: 0o700 });
  const copy = (name: string): void => copyFileSync(join(folder, name), join(target, name));
  for (const name of ['resume', 'checkpoints', 'checkpoint', 'leaves', 'vkey'])
    if (existsSync(join(folder, name))) copy(name);
  for (let attempt = 1; ; attempt++) {
    for (const name of segmentsIn(folder)) copy(name);
    if (attempt === ATTEMPTS || readRecords(target).problems.length === 0) return;
  }
}
