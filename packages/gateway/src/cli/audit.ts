/** `sallyport audit`: what was recorded, and the proof that it still says what it said. */
import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Command } from 'commander';
import { inclusionProof, leafHash, openCheckpoint, verifyInclusion } from '@sallyport/guard/audit';
import { tenantFolder } from '../adapters/segments/layout.ts';
import { readRecords, verifyLog, type Verified } from '../adapters/segments/verify.ts';
import { registerSearch } from './audit-search.ts';
import { foldersOf, type TenantFolder, type Where } from './audit-folders.ts';
import type { CliIo } from './io.ts';
import { printable } from './printable.ts';

export function registerAudit(program: Command, io: CliIo): void {
  const audit = program.command('audit').description('search the audit log, and prove that nobody changed it');
  audit.command('verify')
    .description('check every record, hash and checkpoint; works offline on an export')
    .option('--from <folder>', 'data folder or export (default: the configured audit folder)')
    .option('--tenant <id>', 'only this tenant')
    .option('--key <vkey>', 'public key to trust (default: the one in the folder, which whoever changed the log could have changed too)')
    .option('--json', 'print JSON')
    .addHelpText('after', '\nExample:\n  $ sallyport audit verify --from ./export --key "$(cat trusted.vkey)"\n')
    .action((options: Where & { key?: string }) => verify(options, io));
  audit.command('prove <index>')
    .description('prove that one record is in the log under the last checkpoint')
    .requiredOption('--tenant <id>', 'tenant whose log it is')
    .option('--from <folder>', 'data folder or export')
    .option('--key <vkey>', 'public key to trust')
    .option('--json', 'print JSON')
    .addHelpText('after', '\nExample:\n  $ sallyport audit prove 12 --tenant acme --json\n')
    .action((index: string, options: Where & { key?: string; tenant: string }) => prove(index, options, io));
  audit.command('export <folder>')
    .description('copy the log with its checkpoints and public keys, for verification elsewhere')
    .option('--from <folder>', 'data folder').option('--tenant <id>', 'only this tenant').option('--json', 'print JSON')
    .addHelpText('after', '\nExample:\n  $ sallyport audit export ./audit-2026-11 --tenant acme\n')
    .action((folder: string, options: Where) => exportLogs(folder, options, io));
  registerSearch(audit, io);
}

const keyOf = (folder: string, given: string | undefined): string => (given ?? readFileSync(join(folder, 'vkey'), 'utf8')).trim();

async function verify(options: Where & { readonly key?: string }, io: CliIo): Promise<void> {
  const folders = await foldersOf(options, io);
  if (options.key !== undefined && folders.length > 1) throw new Error('--key is the key of one tenant: name it with --tenant');
  const results = folders.map(({ tenant, folder }) => ({ tenant, ...verifyLog(folder, keyOf(folder, options.key)) }));
  if (options.json) io.stdout(`${JSON.stringify(results)}\n`);
  else for (const result of results) print(result, io);
  if (results.some((result) => result.problems.length > 0)) io.exit(1);
}

function print({ tenant, records, checkpointed, problems }: Verified & { readonly tenant: string }, io: CliIo): void {
  const name = tenant === '_' ? 'before a tenant is known (_)' : `tenant ${printable(tenant)}`;
  if (problems.length === 0) return io.stdout(`ok      ${name}: ${records} records, ${checkpointed} under a signed checkpoint\n`);
  for (const { file, index, what } of problems) io.stdout(`FAILED  ${name}: ${file}${index === undefined ? '' : `, record ${index}`}: ${what}\n`);
}

async function prove(text: string, options: Where & { readonly key?: string; readonly tenant: string }, io: CliIo): Promise<void> {
  const [{ folder }] = (await foldersOf(options, io)) as [TenantFolder];
  const checkpoint = openCheckpoint(readFileSync(join(folder, 'checkpoint'), 'utf8'), keyOf(folder, options.key));
  if (checkpoint === undefined) throw new Error('the checkpoint is not signed by this key');
  const { records } = readRecords(folder);
  const index = Number(text);
  const record = records[index];
  if (!Number.isInteger(index) || record === undefined || index >= checkpoint.size) throw new Error(`the checkpoint covers records 0 to ${checkpoint.size - 1}`);
  const hashes = records.map(({ bytes }) => leafHash(bytes));
  const proof = inclusionProof((at) => hashes[at] as Buffer, index, checkpoint.size);
  const holds = verifyInclusion({ leaf: leafHash(record.bytes), index, size: checkpoint.size, proof, root: checkpoint.root });
  const result = { index, size: checkpoint.size, origin: checkpoint.origin, root: checkpoint.root.toString('base64'), leaf: leafHash(record.bytes).toString('base64'), proof: proof.map((hash) => hash.toString('base64')), holds };
  if (options.json) io.stdout(`${JSON.stringify({ ...result, record: JSON.parse(record.bytes.toString()) })}\n`);
  else io.stdout(holds ? `Record ${index} is in the log of ${checkpoint.size} records that ${checkpoint.origin} signed.\n` : `Record ${index} is NOT in the log that ${checkpoint.origin} signed.\n`);
  if (!holds) io.exit(1);
}

async function exportLogs(target: string, options: Where, io: CliIo): Promise<void> {
  if (existsSync(target) && readdirSync(target).length > 0) throw new Error(`${target} is not empty`);
  const folders = await foldersOf(options, io);
  mkdirSync(target, { recursive: true, mode: 0o700 });
  // The public parts only: the master key stays where it is.
  for (const { tenant, folder } of folders) cpSync(folder, tenantFolder(target, tenant), { recursive: true });
  if (options.json) io.stdout(`${JSON.stringify({ folder: target, tenants: folders.map(({ tenant }) => tenant) })}\n`);
  else io.stdout(`Exported ${folders.length} ${folders.length === 1 ? 'log' : 'logs'} to ${target}. Verify with: sallyport audit verify --from ${target}\n`);
}
