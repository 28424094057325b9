/**
 * YAML text → a plain value, and the place in the file of every path in it. Aliases, tags and duplicate keys are
 * refused: they make two readers see two things, and an alias bomb is cheap to write.
 */
import {
  isAlias,
  isMap,
  isSeq,
  isScalar,
  LineCounter,
  parseDocument,
  visit,
  type Document,
  type Node,
  type Pair,
} from 'yaml';

export interface ConfigError {
  readonly file: string;
  /** From 1. */
  readonly line: number;
  /** From 1. */
  readonly column: number;
  readonly message: string;
}

export type Path = readonly PropertyKey[];

export interface Placed {
  readonly value: unknown;
  readonly errors: readonly ConfigError[];
  /** Where a path is: its value, or its key when `key` is true; the closest parent when it is absent. */
  at(path: Path, key?: boolean): Pick<ConfigError, 'file' | 'line' | 'column'>;
}

export function parsePlaced(file: string, text: string): Placed {
  const counter = new LineCounter();
  const document = parseDocument(text, {
    lineCounter: counter,
    prettyErrors: false,
    uniqueKeys: true,
    stringKeys: true,
    version: '1.2',
  });
  const spot = (offset: number): Pick<ConfigError, 'file' | 'line' | 'column'> => {
    const { line, col } = counter.linePos(offset);
    return { file, line: Math.max(1, line), column: Math.max(1, col) };
  };
  const errors: ConfigError[] = [...document.errors, ...document.warnings].map((error) => ({
    ...spot(error.pos[0]),
    message: firstSentence(error.message),
  }));
  visit(document, {
    Node: (key, node) => {
      if (isScalar(node) && node.value === '__proto__' && key === 'key')
        errors.push({ ...spot(node.range?.[0] ?? 0), message: 'unknown key __proto__' });
      if (isAlias(node)) errors.push({ ...spot(node.range?.[0] ?? 0), message: 'aliases (*name) are not supported' });
      else if (isScalar(node) && typeof node.value === 'string' && node.value.includes('${')) {
        errors.push({
          ...spot(node.range?.[0] ?? 0),
          message: 'contains "${", which is never expanded here; use { secret: env:NAME } where a secret is expected',
        });
      }
    },
  });
  return {
    value: errors.length === 0 ? (document.toJS({ maxAliasCount: 0 }) as unknown) : undefined,
    errors,
    at: (path, key = false) => spot(offsetOf(document, path, key)),
  };
}

/** The parser's messages may quote the line that they are about, and that line may hold what should not be shown. */
const firstSentence = (message: string): string => (message.split(/[:\n]/)[0] ?? message).slice(0, 120);

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
