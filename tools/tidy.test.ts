/** Style that a machine can see, each rule with its reason. */
import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { isTest, root, sourcesIn } from './sources.ts';
import {
  exportedDeclarations,
  FUNCTION_LINES_MAX,
  functionSizes,
  isNestedTernary,
  parseAll,
  wideLines,
  type Parsed,
} from './style.ts';
import { nameOf, walk, type SyntaxNode } from './syntax.ts';

const FOLDERS = ['guard/src', 'server/src', 'gateway/src', 'dashboard/src', 'dashboard/testing'];
const packages = FOLDERS.flatMap((folder) => sourcesIn(`packages/${folder}`));
const everything = [...packages, ...['test', 'tools', 'bench'].flatMap((folder) => sourcesIn(folder))];
const product = parseAll(packages.filter((source) => !isTest(source)));
const sizes = functionSizes(product);

/** A string, template or regular expression of at least 60 characters within one line. */
const LITERAL = /'(?:[^'\\\n]|\\.){60,}'|`(?:[^`\\\n]|\\.){60,}`|\/(?:[^/\\\n ]|\\.){60,}\/[a-z]*/g;

const FILE_LINES_MAX = 400;
const GUARD_LINES_MAX = 50;

describe('sizes', () => {
  it('files have at most 400 lines: a longer one holds two things', () => {
    const long = everything.filter(({ text }) => text.split('\n').length - 1 > FILE_LINES_MAX);
    expect(long.map(({ path, text }) => `${path}: ${text.split('\n').length - 1}`)).toEqual([]);
  });

  it('lines have at most 120 columns: a wider one is not read to its end', () => {
    expect(wideLines(everything.filter((source) => !isTest(source) && !source.path.startsWith('test/')))).toEqual([]);
  });

  it('lines of tests have at most 120 columns, except for one literal of test data that a line break would change', () => {
    const tests = everything.filter((source) => isTest(source) || source.path.startsWith('test/'));
    const shortened = tests.map((source) => ({ ...source, text: source.text.replace(LITERAL, "''") }));
    expect(wideLines(shortened)).toEqual([]);
  });

  it('functions of any form have at most 60 lines: what does not fit on a screen is not reviewed', () => {
    const long = sizes.filter(({ lines }) => lines > FUNCTION_LINES_MAX);
    expect(long.map(({ path, name, lines }) => `${path} ${name}: ${lines}`)).toEqual([]);
  });

  it('the guard fits on one screen: the order of its stages is reviewed by reading', () => {
    const run = sizes.find(({ path, name }) => path === 'packages/guard/src/guard.ts' && name === 'run');
    expect(run?.lines).toBeLessThanOrEqual(GUARD_LINES_MAX);
  });
});

describe('names', () => {
  it('no drawers: name a file by what it does', () => {
    const drawers = /(^|\/)(utils?|helpers?|common|core|misc|manager|service)s?(\.|\/)/i;
    expect(everything.map(({ path }) => path).filter((path) => drawers.test(path))).toEqual([]);
  });

  it('no metaphors: use the word of MCP, HTTP or OAuth (session, subscriber, handshake, request context, pool)', () => {
    expect(product.flatMap(metaphorsIn)).toEqual([]);
  });

  it('a limit is called X_MAX, so that all limits of X stand together', () => {
    const named = packages.filter(({ text }) => /\bMAX_[A-Z]/.test(text));
    expect(named.map(({ path }) => path)).toEqual([]);
  });
});

describe('code', () => {
  it('no any: parse at the edge, then trust types', () => {
    const untyped = product.filter((source) => contains(source, ({ type }) => type === 'TSAnyKeyword'));
    expect(untyped.map(({ path }) => path)).toEqual([]);
  });

  it('no ternary within a ternary: write an if, a table or a function', () => {
    const nested = product.filter((source) => contains(source, isNestedTernary));
    expect(nested.map(({ path }) => path)).toEqual([]);
  });

  it('an index lists what it exports by name: a reader sees the interface in one place', () => {
    const stars = packages.filter(({ text }) => /^export \*/m.test(text));
    expect(stars.map(({ path }) => path)).toEqual([]);
  });

  it('only config.ts reads the environment', () => {
    const readers = product.filter(({ path, text }) => /process\.env\b/.test(text) && basename(path) !== 'config.ts');
    expect(readers.map(({ path }) => path)).toEqual([]);
  });

  it('nothing writes to the console: use the log, or the output that a command is given', () => {
    const writes = (node: SyntaxNode): boolean => nameOf(node['object']) === 'console';
    expect(product.filter((source) => contains(source, writes)).map(({ path }) => path)).toEqual([]);
  });

  it('a TODO names its issue', () => {
    const open = product.filter(({ text }) => /\b(TODO|FIXME|XXX)\b(?!\(#\d+\))/.test(text));
    expect(open.map(({ path }) => path)).toEqual([]);
  });
});

describe('documents', () => {
  it('every export of guard and server has a doc comment: say what it is for, its units, its errors', () => {
    // What the gateway and the server share is not for others.
    const internal = /^packages\/server\/src\/(edge|listen|mcp|segments)\//;
    const libraries = product.filter(({ path }) => /^packages\/(guard|server)\//.test(path) && !internal.test(path));
    const exported = exportedDeclarations(libraries);
    const bare = exported.filter(({ documented }) => !documented);
    expect(bare.map(({ path, name }) => `${path} ${name}`)).toEqual([]);
  });

  it('no file cites a document that is not in the repository', () => {
    expect(trackedTexts().flatMap(({ path, text }) => missingDocuments(path, text))).toEqual([]);
  });

  it('the root has at most 30 entries, and what a newcomer looks for', () => {
    const ignored = new Set(['node_modules', 'data', '.git', 'dist']);
    expect(readdirSync(root).filter((name) => !ignored.has(name)).length).toBeLessThanOrEqual(30);
    const wanted = ['README.md', 'ARCHITECTURE.md', 'SECURITY.md', 'CONTRIBUTING.md', 'CHANGELOG.md', 'LICENSE'];
    for (const name of [...wanted, 'docs/adr', 'docs/adding', '.ci/run']) {
      expect(existsSync(join(root, name)), name).toBe(true);
    }
  });
});

/** Words that stood for a session, a subscriber, a handshake and the like before they were called so. */
const METAPHORS = new Set(
  ['seat', 'seats', 'ear', 'ears', 'door', 'doors', 'visit', 'visits', 'hello', 'greet', 'greeting', 'patience'].concat(
    ['face', 'faces', 'house', 'rooms', 'hear', 'heard', 'hears', 'told', 'tell', 'wish', 'wishes', 'sit'],
  ),
);

function metaphorsIn({ path, tree }: Parsed): string[] {
  const found = new Set<string>();
  walk(tree.program, (node, ancestors) => {
    // A library chooses the name that it exports; we choose what we call it.
    if (ancestors.at(-1)?.['imported'] === node) return;
    if (node.type !== 'Identifier' || typeof node['name'] !== 'string') return;
    const words = node['name'].split(/(?=[A-Z])|_/).map((word) => word.toLowerCase());
    if (words.some((word) => METAPHORS.has(word))) found.add(`${path} ${node['name']}`);
  });
  return [...found];
}

function contains({ tree }: Parsed, matches: (node: SyntaxNode) => boolean): boolean {
  let found = false;
  walk(tree.program, (node) => {
    found ||= matches(node);
  });
  return found;
}

interface TrackedText {
  readonly path: string;
  readonly text: string;
}

function trackedTexts(): TrackedText[] {
  const listed = execFileSync(
    'git',
    ['ls-files', '*.md', '*.ts', '*.tsx', '*.mts', '*.mjs', '*.js', '*.yaml', '*.cedar'],
    {
      cwd: root,
      encoding: 'utf8',
    },
  );
  const paths = listed.split('\n').filter((path) => path !== '' && existsSync(join(root, path)));
  return paths.map((path) => ({ path, text: readFileSync(join(root, path), 'utf8') }));
}

const DOCUMENT = /(?<![\w/:.-])((?:\.{0,2}\/)?(?:[\w.-]+\/)*[\w-]+\.md)\b/g;

/** Documents are named from the root, from the file itself, or by a base name that a tracked file has. */
function missingDocuments(path: string, text: string): string[] {
  const cited = [...text.matchAll(DOCUMENT)].map((match) => match[1] ?? '');
  const missing = cited.filter(
    (name) => !existsSync(join(root, name)) && !existsSync(join(root, dirname(path), name)) && !documents.has(name),
  );
  return missing.map((name) => `${path} cites ${name}`);
}

const documents = new Set(
  execFileSync('git', ['ls-files', '*.md'], { cwd: root, encoding: 'utf8' })
    .split('\n')
    .map((path) => basename(path)),
);
