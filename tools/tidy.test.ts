/** Style that a machine can see, each rule with its reason. */
import { existsSync, readdirSync } from 'node:fs';
import { basename, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { isTest, root, sourcesIn } from './sources.ts';

const packages = ['packages/guard/src', 'packages/gateway/src'].flatMap(sourcesIn);
const product = packages.filter((source) => !isTest(source));

describe('tidy', () => {
  it('files have at most 400 lines: a longer one holds two things', () => {
    expect(packages.filter(({ text }) => text.split('\n').length > 401).map(({ path }) => path)).toEqual([]);
  });

  it('functions have at most 60 lines: what does not fit on a screen is not reviewed', () => {
    const long = product.flatMap(({ path, text }) =>
      functionsOf(text)
        .filter(({ lines }) => lines > 60)
        .map(({ name, lines }) => `${path} ${name}: ${lines}`),
    );
    expect(long).toEqual([]);
  });

  it('the guard fits on one screen', () => {
    const guard = product.find(({ path }) => path.endsWith('guard/src/guard.ts'))?.text ?? '';
    expect(functionsOf(guard).find(({ name }) => name === 'run')?.lines).toBeLessThanOrEqual(50);
  });

  it('no drawers: name a file by what it does', () => {
    const drawers = /(^|\/)(utils?|helpers?|common|core|misc|manager|service)s?(\.|\/)/i;
    expect(packages.map(({ path }) => path).filter((path) => drawers.test(path))).toEqual([]);
  });

  it('no any: parse at the edge, then trust types', () => {
    expect(
      product
        .filter(({ text }) =>
          /[:<(,]\s*any\b(?!\w)|\bas any\b/.test(text.replace(/\/\*[\s\S]*?\*\/|\/\/.*|'[^'\n]*'|`[^`]*`/g, '')),
        )
        .map(({ path }) => path),
    ).toEqual([]);
  });

  it('only config.ts reads the environment, and only the command line talks to the terminal', () => {
    expect(
      product
        .filter(({ path, text }) => /process\.env\b/.test(text) && basename(path) !== 'config.ts')
        .map(({ path }) => path),
    ).toEqual([]);
    expect(product.filter(({ text }) => /\bconsole\./.test(text)).map(({ path }) => path)).toEqual([]);
  });

  it('a TODO names its issue', () => {
    expect(product.filter(({ text }) => /\b(TODO|FIXME|XXX)\b(?!\(#\d+\))/.test(text)).map(({ path }) => path)).toEqual(
      [],
    );
  });

  it('the root has at most 30 entries, and what a newcomer looks for', () => {
    const entries = readdirSync(root).filter((name) => !['node_modules', 'data', '.git', 'dist'].includes(name));
    expect(entries.length).toBeLessThanOrEqual(30);
    for (const name of [
      'README.md',
      'ARCHITECTURE.md',
      'SECURITY.md',
      'CONTRIBUTING.md',
      'CHANGELOG.md',
      'LICENSE',
      'docs/adr',
      'docs/adding',
      '.ci/run',
    ])
      expect(existsSync(join(root, name)), name).toBe(true);
  });
});

/** Top-level functions by indentation: from a line that begins one to the line that closes it at the same column. */
function functionsOf(text: string): { readonly name: string; readonly lines: number }[] {
  const found: { name: string; lines: number }[] = [];
  const lines = text.split('\n');
  for (const [start, line] of lines.entries()) {
    const name = /^(?:export )?(?:async )?function\*? (\w+)/.exec(line)?.[1];
    if (name === undefined) continue;
    const end = lines.findIndex((one, at) => at > start && one === '}');
    found.push({ name, lines: end - start + 1 });
  }
  return found;
}
