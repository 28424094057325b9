/**
 * The files of an audit folder:
 *
 *     master.key                 0600: seeds of the signing and hashing keys, one each for every tenant
 *     lock.db                    locked by the process that has the log open
 *     <tenant>/vkey              public: verifies the checkpoints
 *     <tenant>/<first index>.seg the records
 *     <tenant>/leaves            the leaf hashes, 32 bytes each, at least up to the last checkpoint
 *     <tenant>/checkpoint        the last signed checkpoint
 *     <tenant>/checkpoints       every signed checkpoint, oldest first; further lists are <size>.checkpoints
 *     <tenant>/<name>.set-aside  what was never acknowledged and could not be read; .torn until a record names it
 *     <tenant>/resume            where the next start begins to read: a hint that is checked
 *     +<name>/                   the log of another process than the gateway, with its own lock and the same keys
 */
import { readdirSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';

/** The name of a segment: the index of its first record. */
export const SEGMENT_NAME = /^(\d{16})\.seg$/;

/** The segments of a log, oldest first. */
export const segmentsIn = (folder: string): readonly string[] =>
  readdirSync(folder)
    .filter((name) => SEGMENT_NAME.test(name))
    .sort();

/** The index of the first record of a segment. @param name from {@link segmentsIn}. */
export const firstIndexOf = (name: string): number => Number(SEGMENT_NAME.exec(name)?.[1]);

/**
 * A tenant's folder: its id when that is plain, else the bytes of the id in hex, so that no id can leave the folder.
 */
export function tenantFolder(folder: string, tenant: string): string {
  const isPlain = tenant === '_' || /^[a-z0-9][a-z0-9-]{0,62}$/.test(tenant);
  return join(folder, isPlain ? tenant : `x_${Buffer.from(tenant).toString('hex')}`);
}

/** The tenant of a folder name that {@link tenantFolder} made. */
export function tenantOf(folderName: string): string {
  return folderName.startsWith('x_') ? Buffer.from(folderName.slice(2), 'hex').toString() : folderName;
}

/** The folder of another process; no tenant's folder begins with a plus sign. */
const PROCESS_LOG = /^\+([a-z]+-\d{1,4})$/;

/**
 * The folder of a process. @param name such as `stdio-1`; `undefined` for the gateway, whose log is the folder itself.
 */
export const processFolder = (folder: string, name: string | undefined): string =>
  name === undefined ? folder : join(folder, `+${name}`);

/** The name of the process whose log a folder is; `undefined` when it is not the folder of another process. */
export const processOf = (folderName: string): string | undefined => PROCESS_LOG.exec(folderName)?.[1];

/** The file name of the segment that begins with this record. */
export const segmentName = (firstIndex: number): string => `${String(firstIndex).padStart(16, '0')}.seg`;

/**
 * The name in the checkpoints of a log.
 * @param origin name of the deployment.
 * @param name see {@link processFolder}.
 */
export function originOf(origin: string, tenant: string, name: string | undefined): string {
  const tenantName = tenant === '_' ? 'gateway' : encodeURIComponent(tenant);
  return [origin, tenantName, ...(name === undefined ? [] : [name])].join('/');
}

const LIST_NAME = /^(?:\d{16}\.)?checkpoints$/;

/** The lists of checkpoints among the names in a folder, oldest first. */
export const checkpointListsOf = (names: readonly string[]): readonly string[] =>
  names.filter((name) => LIST_NAME.test(name)).sort((a, b) => (sortKey(a) < sortKey(b) ? -1 : 1));

/** The first list has no number. */
const sortKey = (name: string): string => (name === 'checkpoints' ? '' : name);

/** The name of the list that begins with the checkpoint of so many records. */
export const checkpointListName = (size: number): string =>
  size === 0 ? 'checkpoints' : `${String(size).padStart(16, '0')}.checkpoints`;

/** The options of `sallyport audit` that choose the log in this folder. */
export function selectionOf(folder: string): string {
  const log = processOf(basename(dirname(folder)));
  return `--tenant ${tenantOf(basename(folder))}${log === undefined ? '' : ` --log ${log}`}`;
}
