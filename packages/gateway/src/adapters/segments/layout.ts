/**
 * Where things lie in the audit folder:
 *
 *     master.key                 0600: seeds of the signing and hashing keys, one each for every tenant
 *     lock.db                    held by the process that has the log open
 *     <tenant>/vkey              public: verifies the checkpoints
 *     <tenant>/<first index>.seg the records
 *     <tenant>/leaves            the leaf hashes, 32 bytes each, up to the last checkpoint or beyond
 *     <tenant>/checkpoint        the last signed checkpoint
 *     <tenant>/checkpoints       every signed checkpoint, oldest first
 *     <tenant>/resume            where the next start begins to read; a hint that is checked
 *     +<name>/                   the log of a process beside the gateway: a lock and tenants of its own, under the same keys
 */
import { readdirSync } from 'node:fs';
import { join } from 'node:path';

const SEGMENT_NAME = /^(\d{16})\.seg$/;

/** The segments of a log, oldest first. */
export const segmentsIn = (folder: string): readonly string[] =>
  readdirSync(folder)
    .filter((name) => SEGMENT_NAME.test(name))
    .sort();

/** @param name as {@link segmentsIn} gives it. */
export const firstIndexOf = (name: string): number => Number(SEGMENT_NAME.exec(name)?.[1]);

/** A tenant's folder: its own name when it is a plain one, else its bytes in hex, so that no name can leave the folder. */
export function tenantFolder(folder: string, tenant: string): string {
  return join(
    folder,
    /^[a-z0-9][a-z0-9-]{0,62}$/.test(tenant)
      ? tenant
      : tenant === '_'
        ? '_'
        : `x_${Buffer.from(tenant).toString('hex')}`,
  );
}

export function tenantOf(folderName: string): string {
  return folderName.startsWith('x_') ? Buffer.from(folderName.slice(2), 'hex').toString() : folderName;
}

/** No tenant's folder begins with a plus sign. */
const PROCESS_LOG = /^\+([a-z]+-\d{1,4})$/;

/** @param name such as `stdio-1`; `undefined` for the gateway's own log, which is the folder itself. */
export const processFolder = (folder: string, name: string | undefined): string =>
  name === undefined ? folder : join(folder, `+${name}`);

/** The name of a log, when the folder is the log of a process beside the gateway. */
export const processOf = (folderName: string): string | undefined => PROCESS_LOG.exec(folderName)?.[1];

export const segmentName = (firstIndex: number): string => `${String(firstIndex).padStart(16, '0')}.seg`;
