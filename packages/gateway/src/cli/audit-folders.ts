/** Which logs an audit command is about. */
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { SEGMENT_NAME, tenantOf } from '../adapters/segments/layout.ts';
import type { CliIo } from './io.ts';
import { printable } from './printable.ts';

export interface Where {
  /** A data folder, an audit folder, or an export. */
  readonly from?: string;
  readonly tenant?: string;
  readonly json?: boolean;
}

export interface TenantFolder {
  readonly tenant: string;
  readonly folder: string;
}

/** The logs that a command is about. @throws Error in words for the user when there is none. */
export async function foldersOf(where: Where, io: CliIo): Promise<TenantFolder[]> {
  const given = where.from ?? (await io.loadFolders()).audit;
  const root = where.from !== undefined && existsSync(join(given, 'audit')) ? join(given, 'audit') : given;
  if (!existsSync(root)) throw new Error(`there is no audit log in ${given}`);
  const all = readdirSync(root, { withFileTypes: true })
    .filter((entry) => entry.isDirectory() && holdsLog(join(root, entry.name)))
    .map((entry) => ({ tenant: tenantOf(entry.name), folder: join(root, entry.name) }));
  const chosen = all.filter(({ tenant }) => where.tenant === undefined || tenant === where.tenant);
  if (chosen.length === 0) throw new Error(where.tenant === undefined ? `there is no audit log in ${given}` : `there is no audit log of tenant ${printable(where.tenant)} in ${given}`);
  return chosen;
}

/** A log without its public key is one all the same: it must not be left out without a word. */
const holdsLog = (folder: string): boolean => readdirSync(folder).some((name) => name === 'vkey' || SEGMENT_NAME.test(name));
