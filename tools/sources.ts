/** The product's own source files, with what each imports: read as text, because TypeScript 7 has no compiler API. */
import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

export const root = dirname(dirname(fileURLToPath(import.meta.url)));

export interface Source {
  /** From the root, with slashes. */
  readonly path: string;
  readonly text: string;
  /** Paths from the root for own files, names for packages. */
  readonly imports: readonly string[];
}

const IMPORT =
  /(?:^|\n)\s*(?:import|export)\s[^'";]*?from\s+'([^']+)'|(?:^|\n)\s*import\s+'([^']+)'|import\('([^']+)'\)/g;

/** A file of the server package that the gateway shares. */
const SERVER_FILE =
  /^@sallyport\/server\/((?:edge|jwks|listen|mcp|segments)\/.+|private-file|record-search|request-state)$/;

/** @param base another checkout, for figures of two in one run. */
export function sourcesIn(folder: string, base = root): Source[] {
  return (
    readdirSync(join(base, folder), { recursive: true, withFileTypes: true })
      .filter(
        (entry) => entry.isFile() && /\.(m?ts|tsx)$/.test(entry.name) && !/node_modules|\/dist/.test(entry.parentPath),
      )
      // Made from the OpenAPI document.
      .filter(({ name }) => name !== 'openapi.d.ts')
      .map((entry) => sourceOf(join(entry.parentPath, entry.name), base))
  );
}

function sourceOf(file: string, base: string): Source {
  const text = readFileSync(file, 'utf8');
  const imports = [...text.matchAll(IMPORT)].map((match) => {
    const name = match[1] ?? match[2] ?? match[3] ?? '';
    if (SERVER_FILE.test(name)) return name.replace(SERVER_FILE, 'packages/server/src/$1.ts');
    return name.startsWith('.') ? relative(base, resolve(dirname(file), name)) : name;
  });
  return { path: relative(base, file), text, imports };
}

export const isTest = ({ path }: Source): boolean => /\.test\.tsx?$|\/testing\//.test(path);
