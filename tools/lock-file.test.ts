import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';

interface LockedPackage {
  readonly optionalDependencies?: Readonly<Record<string, string>>;
}

const ROOT = join(import.meta.dirname, '..');
const { packages } = JSON.parse(readFileSync(join(ROOT, 'package-lock.json'), 'utf8')) as {
  packages: Readonly<Record<string, LockedPackage>>;
};

/** The folders in which Node.js, and so npm, looks for a dependency of the package in `folder`. */
function placesOf(dependency: string, folder: string): string[] {
  const parents = folder
    .split('/node_modules/')
    .map((_part, at, parts) => parts.slice(0, at + 1).join('/node_modules/'));
  return [...parents.map((parent) => `${parent}/node_modules/${dependency}`), `node_modules/${dependency}`];
}

it('the lock file has the optional packages of every platform, without which npm ci refuses it', () => {
  const missing = Object.entries(packages).flatMap(([folder, { optionalDependencies = {} }]) =>
    Object.keys(optionalDependencies).filter((name) => !placesOf(name, folder).some((place) => place in packages)),
  );
  expect(missing).toEqual([]);
});
