/**
 * Parses YAML into a plain value and knows the position of every path in the file. Aliases, tags and duplicate keys are
 * refused: two readers could read them differently, and aliases can expand without bound.
 */
import {
  isAlias,
  isMap,
  isSeq,
  isScalar,
  LineCounter,
  parseDocument,
  visit as walkNodes,
  type Document,
  type Node,
  type Pair,
} from 'yaml';

/** One error in a configuration. */
export interface ConfigError {
  readonly file: string;
  /** From 1. */
  readonly line: number;
  /** From 1. */
  readonly column: number;
  readonly message: string;
}

/** Keys and indexes from the top of the file. */
export type Path = readonly PropertyKey[];

/** A parsed file. */
export interface ParsedYaml {
  readonly value: unknown;
  readonly errors: readonly ConfigError[];
  /**
   * The position of a path: of its value, or of its key when `key` is true; of the closest parent when it is absent.
   */
  positionOf(path: Path, key?: boolean): Pick<ConfigError, 'file' | 'line' | 'column'>;
}

/** Parses a file; never throws for its text. `value` is `undefined` when what it says cannot be known. */
export function parseYaml(file: string, text: string): ParsedYaml {
  const counter = new LineCounter();
  const document = parseDocument(text, {
    lineCounter: counter,
    prettyErrors: false,
    uniqueKeys: true,
    stringKeys: true,
    version: '1.2',
  });
  const position = (offset: number): Pick<ConfigError, 'file' | 'line' | 'column'> => {
    const { line, col } = counter.linePos(offset);
    return { file, line: Math.max(1, line), column: Math.max(1, col) };
  };
  const errors: ConfigError[] = [...document.errors, ...document.warnings].map((error) => ({
    ...position(error.pos[0]),
    message: withoutQuotes(error.message),
  }));
  let isKnown = document.errors.every(({ code }) => code === 'DUPLICATE_KEY');
  walkNodes(document, {
    Node: (key, node) => {
      if (isAlias(node) || (isScalar(node) && node.value === '__proto__' && key === 'key')) isKnown = false;
      if (isScalar(node) && node.value === '__proto__' && key === 'key')
        errors.push({ ...position(node.range?.[0] ?? 0), message: 'unknown key __proto__' });
      if (isAlias(node))
        errors.push({ ...position(node.range?.[0] ?? 0), message: 'aliases (*name) are not supported' });
      else if (isScalar(node) && typeof node.value === 'string' && node.value.includes('${')) {
        errors.push({
          ...position(node.range?.[0] ?? 0),
          message: 'contains "${", which is never expanded here; use { secret: env:NAME } where a secret is expected',
        });
      }
    },
  });
  return {
    value: isKnown ? ((document.toJS({ maxAliasCount: 0 }) as unknown) ?? {}) : undefined,
    errors,
    positionOf: (path, key = false) => position(offsetOf(document, path, key)),
  };
}

/** The parser may quote the line of an error, and that line may hold a secret. */
const withoutQuotes = (message: string): string => (message.split(/[:\n]/)[0] ?? message).slice(0, 120);

function offsetOf(document: Document, path: Path, key: boolean): number {
  let node: Node | null = document.contents as Node | null;
  let offset = node?.range?.[0] ?? 0;
  for (const [index, step] of path.entries()) {
    const last = index === path.length - 1;
    if (isMap(node)) {
      const pair: Pair | undefined = node.items.find(
        (item) => isScalar(item.key) && String(item.key.value) === String(step),
      );
      if (pair === undefined) return offset;
      const keyAt = (pair.key as Node).range?.[0] ?? offset;
      node = pair.value as Node | null;
      offset = last && key ? keyAt : (node?.range?.[0] ?? keyAt);
    } else if (isSeq(node)) {
      node = (node.items[Number(step)] as Node | undefined) ?? null;
      offset = node?.range?.[0] ?? offset;
    } else return offset;
  }
  return offset;
}
