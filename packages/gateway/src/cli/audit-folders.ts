/** Which logs an audit command is about. */
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { processFolder, processOf, segmentsIn, tenantOf } from '../adapters/segments/layout.ts';
import type { CliIo } from './io.ts';
import { printable } from './printable.ts';

/** What `--log` says of itself in every help. */
export const LOG = 'only the log of this process beside the gateway, such as stdio-1';

export interface Where {
  /** A data folder, an audit folder, or an export. */
  readonly from?: string;
  readonly tenant?: string;
  /** Of a process beside the gateway, such as `stdio-1`. */
  readonly log?: string;
  readonly json?: boolean;
}

export interface TenantFolder {
  readonly tenant: string;
  /** `undefined` for the gateway's own log. */
  readonly log: string | undefined;
  readonly folder: string;
}

/** The logs that a command is about. @throws Error in words for the user when there is none. */
export async function foldersOf(where: Where, io: CliIo): Promise<TenantFolder[]> {
  const given = where.from ?? (await io.loadFolders()).audit;
  const root = where.from !== undefined && existsSync(join(given, 'audit')) ? join(given, 'audit') : given;
  if (!existsSync(root)) throw new Error(`there is no audit log in ${given}`);
  const names = readdirSync(root)
    .map(processOf)
    .filter((name) => name !== undefined)
    .sort();
  const all = [undefined, ...names].flatMap((log) => logsIn(root, log));
  const chosen = all.filter(
    ({ tenant, log }) =>
      (where.tenant === undefined || tenant === where.tenant) && (where.log === undefined || log === where.log),
  );
  if (chosen.length > 0) return chosen;
  const meant = [
    ...(where.tenant === undefined ? [] : [` of tenant ${printable(where.tenant)}`]),
    ...(where.log === undefined ? [] : [` named ${printable(where.log)}`]),
  ].join('');
  throw new Error(`there is no audit log${meant} in ${given}`);
}

function logsIn(root: string, log: string | undefined): TenantFolder[] {
  const home = processFolder(root, log);
  return readdirSync(home, { withFileTypes: true })
    .filter((entry) => entry.isDirectory() && processOf(entry.name) === undefined && holdsLog(join(home, entry.name)))
    .map((entry) => ({ tenant: tenantOf(entry.name), log, folder: join(home, entry.name) }));
}

/** A log without its public key is one all the same: it must not be left out without a word. */
const holdsLog = (folder: string): boolean => existsSync(join(folder, 'vkey')) || segmentsIn(folder).length > 0;
