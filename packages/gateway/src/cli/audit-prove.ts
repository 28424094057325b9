/** `sallyport audit prove`: a Merkle proof that one record is in the log that the last checkpoint signs. */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { InvalidArgumentError } from 'commander';
import {
  inclusionProofInParts,
  leafHash,
  openCheckpoint,
  verifyInclusion,
  type Checkpoint,
} from '@sallyport/guard/audit';
import { recordsIn } from '@sallyport/server/segments/read-log';
import { foldersOf, LOG_SUMMARY, type LogSelection, type TenantFolder } from './audit-folders.ts';
import { parseVkeyOption, vkeyOf } from './audit-key.ts';
import type { CommandDefinition } from './command.ts';
import { printJson } from './io.ts';
import { createProgress, type Progress } from './progress.ts';

interface ProveOptions extends LogSelection {
  readonly key?: string;
  readonly tenant: string;
}

/** `sallyport audit prove`. */
export const proveCommand: CommandDefinition<readonly [number], ProveOptions> = {
  name: 'prove',
  summary: 'prove that one record is in the log under the last checkpoint',
  arguments: [
    { name: 'index', summary: 'index of the record, as audit search --json shows it', parse: parseRecordIndex },
  ],
  options: [
    { flags: '--tenant <id>', summary: 'tenant whose log it is', required: true },
    { flags: '--log <name>', summary: `${LOG_SUMMARY} (default: the gateway's own)` },
    { flags: '--from <folder>', summary: 'data folder or export' },
    { flags: '--key <vkey>', summary: 'public key to trust', parse: parseVkeyOption },
    { flags: '--json', summary: 'print JSON' },
  ],
  example: '$ sallyport audit prove 12 --tenant acme --json',
  run: async ([index], options, { io }) => {
    const folders = await foldersOf(options, io);
    const { folder } = (folders.find(({ log }) => log === options.log) ?? folders[0]) as TenantFolder;
    const checkpoint = signedCheckpoint(folder, options.key);
    const { size, origin, root } = checkpoint;
    const { leaf, record, proof } = prove(folder, index, size, createProgress(io));
    const holds = verifyInclusion({ leaf, index, size, proof, root });
    if (!holds) io.exit(1);
    if (!options.json) {
      io.stdout(
        holds
          ? `Record ${index} is in the log of ${size} records that ${origin} signed.\n`
          : `Record ${index} is NOT in the log that ${origin} signed.\n`,
      );
      return;
    }
    printJson(io, {
      index,
      size,
      origin,
      root: root.toString('base64'),
      leaf: leaf.toString('base64'),
      proof: proof.map((hash) => hash.toString('base64')),
      holds,
      record: JSON.parse(record) as unknown,
    });
  },
};

function parseRecordIndex(text: string): number {
  if (!/^\d{1,15}$/.test(text))
    throw new InvalidArgumentError('Use the index of a record, a whole number from 0; audit search --json shows it.');
  return Number(text);
}

/** One record, and the proof that it is in the tree of the first `size` records. */
interface Proven {
  readonly leaf: Buffer;
  readonly record: string;
  readonly proof: readonly Buffer[];
}

function prove(folder: string, index: number, size: number, progress: Progress): Proven {
  if (index >= size)
    throw new Error(`record ${index} is not under the checkpoint, which covers ${size} records (0 to ${size - 1})`);
  const building = inclusionProofInParts(index, size);
  let [leaf, record]: [Buffer | undefined, string] = [undefined, ''];
  let count = 0;
  for (const { bytes } of recordsIn(folder, [])) {
    const hash = leafHash(bytes);
    if (count === index) [leaf, record] = [hash, bytes.toString()];
    building.append(hash);
    progress.record();
    count += 1;
    if (count === size) break;
  }
  progress.end();
  if (leaf !== undefined && count === size) return { leaf, record, proof: building.hashes() };
  throw new Error(
    `only ${count} of the ${size} records under the checkpoint can be read, so nothing can be proved; ` +
      'what is wrong says: sallyport audit verify',
  );
}

function signedCheckpoint(folder: string, givenKey: string | undefined): Checkpoint {
  const file = join(folder, 'checkpoint');
  if (!existsSync(file)) throw new Error(`there is no checkpoint in ${folder}: nothing there is signed`);
  const key = vkeyOf(folder, givenKey);
  if (key === undefined)
    throw new Error(`the public key ${join(folder, 'vkey')} is missing or damaged; give it with --key`);
  const checkpoint = openCheckpoint(readFileSync(file, 'utf8'), key);
  if (checkpoint === undefined) throw new Error(`the checkpoint ${file} is not signed by this key`);
  return checkpoint;
}
