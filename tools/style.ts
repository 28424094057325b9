/**
 * `npm run style [-- DIR]`: the style of the product in figures, of this checkout or of another one. With `--trace` it
 * also starts a gateway and says which files one warm `tools/call` runs through (needs an installed checkout).
 */
import { resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { traceCalls } from './call-trace.ts';
import { isTest, root, sourcesIn, type Source } from './sources.ts';
import { isFunction, nameOf, nameOfFunction, parseSource, walk, type SyntaxNode, type SyntaxTree } from './syntax.ts';

export const COLUMNS_MAX = 120;
export const FUNCTION_LINES_MAX = 60;

export interface Parsed extends Source {
  readonly tree: SyntaxTree;
}

export const parseAll = (sources: readonly Source[]): Parsed[] =>
  sources.map((source) => ({ ...source, tree: parseSource(source.path, source.text) }));

export interface FunctionSize {
  readonly path: string;
  readonly name: string;
  readonly lines: number;
}

/** Functions of any form, closures and methods included, the longest first. */
export function functionSizes(sources: readonly Parsed[]): FunctionSize[] {
  const found: FunctionSize[] = [];
  for (const { path, tree } of sources) {
    walk(tree.program, (node, ancestors) => {
      if (!isFunction(node)) return;
      const lines = tree.lineOf(node.end) - tree.lineOf(node.start) + 1;
      found.push({ path, name: nameOfFunction(node, ancestors), lines });
    });
  }
  return found.sort((a, b) => b.lines - a.lines);
}

export const wideLines = (sources: readonly Source[]): string[] =>
  sources.flatMap(({ path, text }) =>
    text.split('\n').flatMap((line, at) => (line.length > COLUMNS_MAX ? [`${path}:${at + 1}`] : [])),
  );

export interface ExportedDeclaration {
  readonly path: string;
  readonly name: string;
  readonly documented: boolean;
}

/** Exported functions, constants, types, interfaces and classes, and whether a doc comment stands right before each. */
export function exportedDeclarations(sources: readonly Parsed[]): ExportedDeclaration[] {
  return sources.flatMap(({ path, text, tree }) => {
    const docs = new Set(tree.comments.filter(isDocComment).map(({ end }) => end));
    const declared = statementsOf(tree.program).filter(
      (node) => node.type === 'ExportNamedDeclaration' && node['declaration'] !== null,
    );
    return declared.map((node) => {
      const documented = docs.has(text.slice(0, node.start).trimEnd().length);
      return { path, name: declaredName(node['declaration'] as SyntaxNode), documented };
    });
  });
}

const isDocComment = ({ type, value }: { type: string; value: string }): boolean =>
  type === 'Block' && value.startsWith('*');

const statementsOf = (program: SyntaxNode): readonly SyntaxNode[] => program['body'] as SyntaxNode[];

function declaredName(declaration: SyntaxNode): string {
  const [first] = (declaration['declarations'] as SyntaxNode[] | undefined) ?? [];
  return nameOf((first ?? declaration)['id']) ?? 'anonymous';
}

/** Interfaces that are neither exported nor used more than once: most only pass what a parameter list would. */
export function privateInterfacesUsedOnce(sources: readonly Parsed[]): string[] {
  return sources.flatMap(({ path, text, tree }) =>
    statementsOf(tree.program)
      .filter(({ type }) => type === 'TSInterfaceDeclaration')
      .map((node) => nameOf(node['id']) ?? '')
      .filter((name) => text.match(new RegExp(`\\b${name}\\b`, 'g'))?.length === 2)
      .map((name) => `${path} ${name}`),
  );
}

/** Counts of nodes, and lines to divide them by. */
export function countNodes(sources: readonly Parsed[], counts: (node: SyntaxNode) => boolean): number {
  let count = 0;
  for (const { tree } of sources) {
    walk(tree.program, (node) => {
      if (counts(node)) count += 1;
    });
  }
  return count;
}

const isTernary = ({ type }: SyntaxNode): boolean => type === 'ConditionalExpression';

export const isNestedTernary = (node: SyntaxNode): boolean =>
  isTernary(node) && ['consequent', 'alternate'].some((part) => isTernary(node[part] as SyntaxNode));

function isCast(node: SyntaxNode): boolean {
  if (node.type === 'TSNonNullExpression' || node.type === 'TSTypeAssertion') return true;
  if (node.type !== 'TSAsExpression') return false;
  const type = node['typeAnnotation'] as SyntaxNode;
  return nameOf(type['typeName']) !== 'const';
}

/** Facts of the protocol, each as the text that a file holds that spells the fact out. */
const PROTOCOL_FACTS: Readonly<Record<string, RegExp>> = {
  'the modern revision': /'2026-07-28'/,
  'a legacy revision': /'2025-11-25'/,
  'the JSON-RPC version': /jsonrpc['"]?: '2\.0'|'jsonrpc'\] !== '2\.0'|jsonrpc !== '2\.0'/,
  'a JSON-RPC error code': /-32(?:6\d\d|700|0\d\d)\b/,
  'a key of _meta': /io\.modelcontextprotocol\//,
  'the declaration x-mcp-header': /'x-mcp-header'/,
  'the base64 form of a header': /base64\?/,
  'a mirrored header': /mcp-(?:method|name|param)\b/i,
  'methods that list': /'resources\/templates\/list'/,
  'a changed list': /tools\/list_changed/,
  'a request to the client': /'sampling\/createMessage'/,
  'the log levels': /'emergency'/,
  'lines of a stream': /indexOf\(0x0a|indexOf\('\\n'/,
  'server-sent events, read': /'data:'|startsWith\('data|"data:"/,
  'is it an object': /(?:const|function) isObject\b/,
  'is it loopback': /127\\?\.0\\?\.0\\?\.1/,
};

function figures(base: string): readonly (readonly [string, string])[] {
  const all = ['packages/guard/src', 'packages/server/src', 'packages/gateway/src'].flatMap((folder) =>
    sourcesIn(folder, base),
  );
  const sources = parseAll(all.filter((source) => !isTest(source)));
  const lines = sources.reduce((sum, { text }) => sum + text.split('\n').length - 1, 0);
  const wide = wideLines(sources).length;
  const sizes = functionSizes(sources);
  const perThousand = (count: number): string => ((count / lines) * 1_000).toFixed(1);
  const exported = exportedDeclarations(sources);
  const share = (of: string): string => {
    const own = exported.filter(({ path }) => path.startsWith(`packages/${of}/`));
    return `${Math.round((own.filter(({ documented }) => documented).length / own.length) * 100)} % of ${own.length}`;
  };
  const longest = sizes.slice(0, 3).map(({ name, lines: length }) => `${name} ${length}`);
  return [
    ['files, lines', `${sources.length}, ${lines}`],
    ['lines over 120 columns', `${wide} (${((wide / lines) * 100).toFixed(1)} %)`],
    ['files over 400 lines', String(sources.filter(({ text }) => text.split('\n').length > 401).length)],
    ['longest functions of any form', longest.join(', ')],
    ['functions over 60 lines', String(sizes.filter((size) => size.lines > FUNCTION_LINES_MAX).length)],
    ['ternaries per 1,000 lines', perThousand(countNodes(sources, isTernary))],
    ['nested ternaries', String(countNodes(sources, isNestedTernary))],
    ['casts per 1,000 lines', perThousand(countNodes(sources, isCast))],
    ['documented exports of guard', share('guard')],
    ['documented exports of server', share('server')],
    ['documented exports of gateway', share('gateway')],
    ['private interfaces used once', String(privateInterfacesUsedOnce(sources).length)],
    ...Object.entries(PROTOCOL_FACTS).map(([fact, pattern]): [string, string] => [
      `files that spell out ${fact}`,
      String(sources.filter(({ text }) => pattern.test(text)).length),
    ]),
  ];
}

if (process.argv[1] === import.meta.filename) {
  const { positionals, values } = parseArgs({ options: { trace: { type: 'boolean' } }, allowPositionals: true });
  const base = resolve(positionals[0] ?? root);
  const rows = [...figures(base), ...(values.trace === true ? await traceCalls(base) : [])];
  for (const [name, value] of rows) process.stdout.write(`${name.padEnd(48)} ${value}\n`);
}
