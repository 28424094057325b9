/** Which audit logs a command works on. */
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { processFolder, processOf, segmentsIn, tenantOf } from '@sallyport/server/segments/layout';
import type { CliIo } from './io.ts';
import { printable } from './printable.ts';

/** The summary of `--log` in every help. */
export const LOG_SUMMARY = 'only the log of this process beside the gateway, such as stdio-1';

/** The options that choose logs. */
export interface LogSelection {
  /** A data folder, an audit folder, or an export. */
  readonly from?: string;
  readonly tenant?: string;
  /** Name of a process beside the gateway, such as `stdio-1`. */
  readonly log?: string;
  readonly json?: boolean;
}

/** The folder of one tenant's log. */
export interface TenantFolder {
  readonly tenant: string;
  /** Name of the process beside the gateway; `undefined` for the gateway's own log. */
  readonly log: string | undefined;
  readonly folder: string;
}

/** The logs that were chosen, at least one. @throws Error with a sentence for the user when there is none. */
export async function foldersOf(selection: LogSelection, io: CliIo): Promise<TenantFolder[]> {
  const { from, tenant, log } = selection;
  const given = from ?? (await io.loadFolders()).audit;
  const root = from !== undefined && existsSync(join(given, 'audit')) ? join(given, 'audit') : given;
  if (!existsSync(root)) throw new Error(`there is no audit log in ${given}`);
  const processes = readdirSync(root)
    .map(processOf)
    .filter((name) => name !== undefined)
    .sort();
  const chosen = [undefined, ...processes]
    .flatMap((name) => logsIn(root, name))
    .filter(
      (candidate) =>
        (tenant === undefined || candidate.tenant === tenant) && (log === undefined || candidate.log === log),
    );
  if (chosen.length > 0) return chosen;
  const ofTenant = tenant === undefined ? '' : ` of tenant ${printable(tenant)}`;
  const named = log === undefined ? '' : ` named ${printable(log)}`;
  throw new Error(`there is no audit log${ofTenant}${named} in ${given}`);
}

function logsIn(root: string, log: string | undefined): TenantFolder[] {
  const parent = processFolder(root, log);
  return readdirSync(parent, { withFileTypes: true })
    .filter((entry) => entry.isDirectory() && processOf(entry.name) === undefined && isLog(join(parent, entry.name)))
    .map((entry) => ({ tenant: tenantOf(entry.name), log, folder: join(parent, entry.name) }));
}

/** A log whose public key is missing still counts: leaving it out would hide the damage. */
const isLog = (folder: string): boolean => existsSync(join(folder, 'vkey')) || segmentsIn(folder).length > 0;
