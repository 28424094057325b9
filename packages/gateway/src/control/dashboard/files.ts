/** The built dashboard, read once at start: what is not in this table does not exist. */
import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { extname, join, sep } from 'node:path';

/** One file with its compressed forms. */
export interface DashboardFile {
  readonly type: string;
  readonly etag: string;
  /** Its name holds a digest of its content, so it never changes. */
  readonly immutable: boolean;
  readonly plain: Buffer;
  readonly br: Buffer | undefined;
  readonly gzip: Buffer | undefined;
}

/** Files by the path they are served at. */
export type DashboardFiles = ReadonlyMap<string, DashboardFile>;

/** Anything else in the folder is not served. */
const TYPES: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.svg': 'image/svg+xml',
};

/** Where the build is put: beside the compiled gateway, also when the gateway runs from its sources. */
export const DASHBOARD_FOLDER = join(import.meta.dirname, '..', '..', '..', 'dist', 'dashboard');

/** Empty when the dashboard has not been built. */
export function readDashboardFiles(folder: string = DASHBOARD_FOLDER): DashboardFiles {
  if (!existsSync(folder)) return new Map();
  const names = readdirSync(folder, { recursive: true, encoding: 'utf8' });
  return new Map(
    names
      .filter((name) => TYPES[extname(name)] !== undefined)
      .map((name) => [`/${name.split(sep).join('/')}`, readDashboardFile(folder, name)]),
  );
}

function readDashboardFile(folder: string, name: string): DashboardFile {
  const path = join(folder, name);
  const plain = readFileSync(path);
  const compressed = (ending: string): Buffer | undefined =>
    existsSync(`${path}${ending}`) ? readFileSync(`${path}${ending}`) : undefined;
  return {
    type: TYPES[extname(name)] ?? '',
    etag: createHash('sha256').update(plain).digest('base64url').slice(0, 22),
    immutable: name.startsWith(`assets${sep}`),
    plain,
    br: compressed('.br'),
    gzip: compressed('.gz'),
  };
}
