/**
 * The syntax trees of source files, read by a parser (oxc), because a line-based reading misses closures and methods.
 */
import { parseSync } from 'oxc-parser';

/** A node of the ESTree, as much of it as the checks here read. */
export interface SyntaxNode {
  readonly type: string;
  readonly start: number;
  readonly end: number;
  readonly [member: string]: unknown;
}

export interface SyntaxComment {
  readonly type: 'Line' | 'Block';
  readonly value: string;
  readonly start: number;
  readonly end: number;
}

export interface SyntaxTree {
  readonly program: SyntaxNode;
  readonly comments: readonly SyntaxComment[];
  /** The line of an offset, counted from 1. */
  lineOf(offset: number): number;
}

/** @throws Error that names the file when it cannot be parsed. */
export function parseSource(path: string, text: string): SyntaxTree {
  const { program, comments, errors } = parseSync(path, text, {
    lang: path.endsWith('.tsx') ? 'tsx' : 'ts',
    sourceType: 'module',
  });
  if (errors.length > 0) throw new Error(`${path} cannot be parsed: ${errors[0]?.message}`);
  const starts = [0];
  for (let at = text.indexOf('\n'); at !== -1; at = text.indexOf('\n', at + 1)) starts.push(at + 1);
  const lineOf = (offset: number): number => {
    let [low, high] = [0, starts.length];
    while (high - low > 1) {
      const middle = (low + high) >> 1;
      if ((starts[middle] ?? 0) <= offset) low = middle;
      else high = middle;
    }
    return low + 1;
  };
  return { program: program as unknown as SyntaxNode, comments: comments as readonly SyntaxComment[], lineOf };
}

const isNode = (value: unknown): value is SyntaxNode =>
  typeof value === 'object' && value !== null && typeof (value as { type?: unknown }).type === 'string';

/** The nodes directly below a node. */
export function childrenOf(node: SyntaxNode): SyntaxNode[] {
  return Object.values(node).flatMap((value) => {
    if (Array.isArray(value)) return value.filter(isNode);
    return isNode(value) ? [value] : [];
  });
}

/** Calls `visit` for every node from the outside in, with the nodes around it, the nearest last. */
export function walk(
  node: SyntaxNode,
  visit: (node: SyntaxNode, ancestors: readonly SyntaxNode[]) => void,
  ancestors: readonly SyntaxNode[] = [],
): void {
  visit(node, ancestors);
  const below = [...ancestors, node];
  for (const child of childrenOf(node)) walk(child, visit, below);
}

const FUNCTIONS = new Set(['FunctionDeclaration', 'FunctionExpression', 'ArrowFunctionExpression']);

export const isFunction = (node: SyntaxNode): boolean => FUNCTIONS.has(node.type);

/** What a function is called where it is written: its own name, or the variable or member that it is assigned to. */
export function nameOfFunction(node: SyntaxNode, ancestors: readonly SyntaxNode[]): string {
  const own = nameOf(node['id']);
  if (own !== undefined) return own;
  const parent = ancestors.at(-1);
  return (parent && (nameOf(parent['id']) ?? nameOf(parent['key']))) ?? 'anonymous';
}

export function nameOf(node: unknown): string | undefined {
  if (!isNode(node)) return undefined;
  return typeof node['name'] === 'string' ? node['name'] : undefined;
}
