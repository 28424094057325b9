/** What every start loads. A package that few configurations use is imported where it is used, by `import()`. */
import { dirname, join } from 'node:path/posix';
import { expect, it } from 'vitest';
import { sourcesIn } from './sources.ts';

/** An import that loads: no types, and no `import()`. */
const LOADS = /(?:^|\n)\s*(?:import|export)\s(?!type\b)[^'";]*?from\s+'([^']+)'|(?:^|\n)\s*import\s+'([^']+)'/g;

const sources = new Map(
  ['packages/guard/src', 'packages/server/src', 'packages/gateway/src']
    .flatMap((folder) => sourcesIn(folder))
    .map((source) => [source.path, source.text]),
);

/** The path from the root for an own file, the name for a package. */
function resolved(from: string, name: string): string {
  if (name.startsWith('.')) return join(dirname(from), name);
  const [, own, rest = 'index'] = /^@sallyport\/(guard|server)(?:\/(.+))?$/.exec(name) ?? [];
  if (own === undefined) return name;
  const file = `packages/${own}/src/${rest}`;
  return sources.has(`${file}.ts`) ? `${file}.ts` : `${file}/index.ts`;
}

/** Files and packages that are loaded with these files. */
function loadedWith(...roots: readonly string[]): ReadonlySet<string> {
  const loaded = new Set(roots);
  for (const path of loaded)
    for (const [, named, bare] of sources.get(path)?.matchAll(LOADS) ?? [])
      loaded.add(resolved(path, named ?? bare ?? ''));
  return loaded;
}

const OF_FEW = [
  '@simplewebauthn/server',
  '@slack/socket-mode',
  '@slack/web-api',
  'nodemailer',
  'oidc-provider',
  'pg',
] as const;

it('A start loads no package that few configurations use', () => {
  const loaded = loadedWith('packages/gateway/src/main.ts', 'packages/gateway/src/gateway.ts');
  expect(loaded).toContain('kysely');
  expect(loaded).toContain('packages/gateway/src/adapters/webauthn/verifier.ts');
  expect(OF_FEW.filter((name) => loaded.has(name))).toEqual([]);
});
