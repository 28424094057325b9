/**
 * Reads an OpenAPI document, JSON or YAML. Nothing is fetched; size, depth and aliases are bounded, and a name that
 * would reach into the engine's own objects is refused (R5).
 */
import { isObject, type JsonObject } from '@sallyport/guard';
import { LineCounter, isMap, isScalar, isSeq, parseDocument, type Node, type Pair } from 'yaml';
import { DocumentError } from './document-error.ts';

const CHARACTERS_MAX = 96 * 1024 * 1024;
const DEPTH_MAX = 256;
/** How often aliases of YAML may be repeated; a bomb repeats them exponentially. */
const ALIASES_MAX = 1_000;
const NODES_MAX = 20_000_000;

/**
 * A document whose version is known.
 *
 * @example
 * ```ts
 * const pathsOf = ({ root }: OpenApiDocument): readonly string[] => Object.keys(asObject(root['paths']));
 * ```
 */
export interface OpenApiDocument {
  readonly root: JsonObject;
  readonly version: '3.0' | '3.1' | '3.2';
}

/**
 * Reads a document.
 *
 * @param document the text of it, JSON or YAML, or its value.
 * @throws DocumentError
 * @example
 * ```ts
 * const { version } = readDocument('openapi: 3.1.0\ninfo: { title: CRM, version: "1" }\npaths: {}');
 * ```
 */
export function readDocument(document: string | JsonObject): OpenApiDocument {
  const root: unknown = typeof document === 'string' ? parse(document) : document;
  if (!isObject(root)) throw new DocumentError('the document is no object');
  refuseUnbounded(root);
  return { root, version: versionOf(root) };
}

function versionOf(root: JsonObject): OpenApiDocument['version'] {
  const written = root['openapi'];
  if (root['swagger'] !== undefined)
    throw new DocumentError('is Swagger 2.0; convert it to OpenAPI 3 first (for example with swagger2openapi)', [
      'swagger',
    ]);
  const version = typeof written === 'string' ? /^3\.([012])\./.exec(`${written}.`)?.[1] : undefined;
  if (version === undefined) throw new DocumentError('must be OpenAPI 3.0, 3.1 or 3.2 (key "openapi")', ['openapi']);
  return `3.${version}` as OpenApiDocument['version'];
}

function parse(text: string): unknown {
  if (text.length > CHARACTERS_MAX) throw new DocumentError(`is longer than ${CHARACTERS_MAX} characters`);
  const bare = text.startsWith('\uFEFF') ? text.slice(1) : text;
  if (/^\s*\{/.test(bare.slice(0, 1_000))) {
    try {
      return JSON.parse(bare) as unknown;
    } catch {
      // YAML with braces, or JSON that is wrong: the other parser says where.
    }
  }
  const document = parseDocument(bare, { prettyErrors: false, uniqueKeys: true, version: '1.2', logLevel: 'silent' });
  const [error] = document.errors;
  if (error !== undefined)
    throw new DocumentError(`is neither JSON nor YAML: ${error.code} ${lineOf(bare, error.pos)}`);
  try {
    return document.toJS({ maxAliasCount: ALIASES_MAX }) as unknown;
  } catch {
    throw new DocumentError('repeats its YAML aliases too often');
  }
}

const lineOf = (text: string, [start]: readonly [number, number]): string =>
  `in line ${text.slice(0, start).split('\n').length}`;

/** In steps instead of calls, so that no depth of the document is too deep for it. */
function refuseUnbounded(root: JsonObject): void {
  let level: unknown[] = [root];
  let nodes = 0;
  for (let depth = 0; level.length > 0; depth++) {
    if (depth > DEPTH_MAX) throw new DocumentError(`is nested deeper than ${DEPTH_MAX}`);
    const next: unknown[] = [];
    for (const value of level) {
      if (typeof value !== 'object' || value === null) continue;
      if (Object.hasOwn(value, '__proto__')) throw new DocumentError('names a key __proto__');
      for (const inner of Object.values(value)) if (typeof inner === 'object' && inner !== null) next.push(inner);
    }
    nodes += next.length;
    if (nodes > NODES_MAX) throw new DocumentError('has too many parts');
    level = next;
  }
}

/**
 * Where a part of a document stands in its text: line and column from 1, of the closest part that is there.
 *
 * @example
 * ```ts
 * const { line } = positionIn('openapi: 3.1.0\npaths: {}', ['paths']);
 * ```
 */
export function positionIn(
  text: string,
  pointer: readonly string[],
): { readonly line: number; readonly column: number } {
  const counter = new LineCounter();
  const document = parseDocument(text, { lineCounter: counter, prettyErrors: false, logLevel: 'silent' });
  let node = document.contents as Node | null;
  let offset = node?.range?.[0] ?? 0;
  for (const key of pointer) {
    const step = stepInto(node, key);
    if (step === undefined) break;
    node = step.node;
    offset = step.offset;
  }
  const { line, col } = counter.linePos(offset);
  return { line: Math.max(1, line), column: Math.max(1, col) };
}

function stepInto(node: Node | null, key: string): { readonly node: Node | null; readonly offset: number } | undefined {
  if (isSeq(node)) {
    const item = node.items[Number(key)] as Node | undefined;
    return item === undefined ? undefined : { node: item, offset: item.range?.[0] ?? 0 };
  }
  if (!isMap(node)) return undefined;
  const pair: Pair | undefined = node.items.find((item) => isScalar(item.key) && String(item.key.value) === key);
  if (pair === undefined) return undefined;
  return { node: pair.value as Node | null, offset: (pair.key as Node).range?.[0] ?? 0 };
}
