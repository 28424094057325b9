/** Every public export of guard and server has a doc comment with an example, and every example compiles. */
import { execFile } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

const root = fileURLToPath(new URL('../../../', import.meta.url));

/** What a program imports, and the index file that it gets. */
const MODULES: readonly (readonly [module: string, index: string])[] = [
  ['@sallyport/guard', 'packages/guard/src/index.ts'],
  ['@sallyport/guard/audit', 'packages/guard/src/audit/index.ts'],
  ['@sallyport/guard/json', 'packages/guard/src/json/index.ts'],
  ['@sallyport/guard/memory', 'packages/guard/src/memory/index.ts'],
  ['@sallyport/guard/policy', 'packages/guard/src/policy/index.ts'],
  ['@sallyport/guard/stages', 'packages/guard/src/stages/index.ts'],
  ['@sallyport/server', 'packages/server/src/index.ts'],
];

interface PublicExport {
  readonly module: string;
  readonly name: string;
  /** Where it is declared. */
  readonly file: string;
  /** The text of its doc comment; `''` when it has none. */
  readonly comment: string;
}

/** `export { a, type B } from './file.ts'` of an index file, followed through further index files. */
function exportsOf(module: string, index: string): PublicExport[] {
  const found: PublicExport[] = [];
  for (const [, names = '', from = ''] of read(index).matchAll(/export (?:type )?\{([^}]*)\} from '([^']+)';/g)) {
    const file = resolve(dirname(resolve(root, index)), from);
    for (const name of names.split(',').map((item) => item.trim().replace(/^type /, ''))) {
      if (name === '') continue;
      const inner = file.endsWith('/index.ts')
        ? exportsOf(module, file).find((other) => other.name === name)
        : undefined;
      found.push(inner ?? { module, name, file, comment: commentOf(read(file), name) });
    }
  }
  return found;
}

const read = (path: string): string => readFileSync(resolve(root, path), 'utf8');

function commentOf(text: string, name: string): string {
  const declaration = new RegExp(
    '(/\\*\\*(?:(?!\\*/)[\\s\\S])*\\*/\\n)?export (?:declare )?(?:async )?' +
      `(?:function|const|class|interface|type) ${name}\\b`,
  ).exec(text);
  return (declaration?.[1] ?? '').replaceAll(/^ \* ?/gm, '');
}

const examplesIn = (comment: string): string[] =>
  [...comment.matchAll(/```ts\n([\s\S]*?)```/g)].map(([, code = '']) => code);

/** An example may use every public name without an import, so that it stays short. */
function withImports(code: string, all: readonly PublicExport[]): string {
  const used = all.filter(
    ({ name }) => new RegExp(`\\b${name}\\b`).test(code) && !new RegExp(`(?:const|function) ${name}\\b`).test(code),
  );
  const imports = used.map(({ name, module }) => `import { ${name} } from '${module}';`);
  return [...imports, code, 'export {};', ''].join('\n');
}

/** A name that two modules export counts once. */
const all = [
  ...new Map(
    MODULES.flatMap(([module, index]) => exportsOf(module, index)).map((found) => [found.name, found]),
  ).values(),
];
let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'sallyport-examples-'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe('public exports of guard and server', () => {
  it('every index file exports by name', () => {
    for (const [, index] of MODULES) expect(read(index), index).not.toMatch(/export \*/);
    expect(all.length).toBeGreaterThan(100);
  });

  it('every one has a doc comment with an example', () => {
    const lacking = all.filter(({ comment }) => examplesIn(comment).length === 0);
    expect(lacking.map(({ file, name }) => `${file.slice(root.length)} ${name}`)).toEqual([]);
  });

  it('every example compiles', { timeout: 60_000 }, async () => {
    for (const [at, { name, comment }] of all.entries())
      for (const code of examplesIn(comment)) writeFileSync(join(folder, `${name}-${at}.ts`), withImports(code, all));
    writeFileSync(join(folder, 'package.json'), '{ "type": "module" }');
    // Packages resolve as they do in the workspace.
    symlinkSync(join(root, 'node_modules'), join(folder, 'node_modules'));
    const config = {
      extends: join(root, 'tsconfig.check.json'),
      compilerOptions: {
        types: ['node'],
        verbatimModuleSyntax: false,
        noUnusedLocals: false,
        noUnusedParameters: false,
      },
      include: ['*.ts'],
    };
    writeFileSync(join(folder, 'tsconfig.json'), JSON.stringify(config));
    const tsc = join(root, 'node_modules/typescript/bin/tsc');
    const faults = await promisify(execFile)(process.execPath, [tsc, '-p', folder, '--pretty', 'false'], {
      cwd: folder,
    })
      .then(() => '')
      .catch((error: { readonly stdout?: string }) => error.stdout ?? String(error));
    expect(faults).toBe('');
  });
});
