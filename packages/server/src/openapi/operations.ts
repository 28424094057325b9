/** The operations of a document, and the ones that were chosen from them. */
import { asObject, isObject, type JsonObject } from '@sallyport/guard';
import { DocumentError } from './document-error.ts';
import { nearNames } from './near-names.ts';
import type { OpenApiDocument } from './read-document.ts';
import { objectAt } from './references.ts';
import { toolNameOf } from './tool-name.ts';

/** HTTP methods that a path item can describe; 3.2 adds `query` and others by name. */
const METHODS = ['get', 'put', 'post', 'delete', 'options', 'head', 'patch', 'trace', 'query'] as const;
const METHOD = /^[A-Za-z]{1,20}$/;

/**
 * One operation, where it stands in the document.
 *
 * @example
 * ```ts
 * const route = ({ method, path }: Operation): string => `${method} ${path}`;
 * ```
 */
export interface Operation {
  /** In capitals. */
  readonly method: string;
  readonly path: string;
  readonly operationId: string | undefined;
  /** The name that its tool has unless another one is chosen. */
  readonly derivedName: string;
  readonly description: JsonObject;
  readonly pathItem: JsonObject;
  /** Place in the document. */
  readonly pointer: readonly string[];
}

/** A document has a thousand of them, and each choice is looked up among all. */
const known = new WeakMap<OpenApiDocument, readonly Operation[]>();

/**
 * All operations of the document, in its order. Broken ones count: only those that are chosen are read further.
 *
 * @example
 * ```ts
 * const ids = operationsOf(document).map(({ operationId }) => operationId);
 * ```
 */
export function operationsOf(document: OpenApiDocument): readonly Operation[] {
  const operations = known.get(document) ?? findOperations(document);
  known.set(document, operations);
  return operations;
}

function findOperations({ root }: OpenApiDocument): readonly Operation[] {
  const operations: Operation[] = [];
  for (const [path, value] of Object.entries(asObject(root['paths']))) {
    if (!path.startsWith('/') || !isObject(value)) continue;
    const pathItem = itemOf(root, value, path);
    if (pathItem === undefined) continue;
    for (const method of METHODS) addOperation(operations, path, pathItem, method, ['paths', path, method]);
    for (const method of Object.keys(asObject(pathItem['additionalOperations'])))
      if (METHOD.test(method))
        addOperation(operations, path, pathItem, method, ['paths', path, 'additionalOperations', method]);
  }
  return operations;
}

/** A path item elsewhere in the document; one outside is not there, unless somebody chooses it by its path. */
function itemOf(root: JsonObject, value: JsonObject, path: string): JsonObject | undefined {
  if (value['$ref'] === undefined) return value;
  try {
    return { ...value, ...objectAt(root, value, ['paths', path]) };
  } catch {
    return undefined;
  }
}

function addOperation(
  operations: Operation[],
  path: string,
  pathItem: JsonObject,
  key: string,
  pointer: readonly string[],
): void {
  const holder = pointer.length > 3 ? asObject(pathItem['additionalOperations']) : pathItem;
  const description = Object.hasOwn(holder, key) ? holder[key] : undefined;
  if (!isObject(description)) return;
  const method = key.toUpperCase();
  const id = description['operationId'];
  const operationId = typeof id === 'string' && id !== '' ? id : undefined;
  const derivedName = toolNameOf(operationId, method, path);
  operations.push({ method, path, operationId, derivedName, description, pathItem, pointer });
}

/**
 * The operation that a choice names: by `operationId`, by `METHOD /path`, or by the name that its tool would have.
 *
 * @throws DocumentError for a name that none or several have; it lists names that are near.
 */
export function chosenOperation(operations: readonly Operation[], choice: string): Operation {
  const route = choice.replace(/\s+/, ' ').trim();
  const keys: readonly ((operation: Operation) => string | undefined)[] = [
    ({ operationId }) => operationId,
    ({ method, path }) => `${method} ${path}`,
    ({ derivedName }) => derivedName,
  ];
  for (const key of keys) {
    const found = operations.filter((operation) => key(operation) === choice || key(operation) === route);
    if (found.length === 1) return found[0] as Operation;
    if (found.length > 1) throw new DocumentError(severalHave(choice, found));
  }
  throw new DocumentError(noneHas(operations, choice));
}

const severalHave = (choice: string, found: readonly Operation[]): string =>
  `${found.length} operations are called ${JSON.stringify(choice)}; name one of them as ` +
  found
    .slice(0, 4)
    .map(({ method, path }) => JSON.stringify(`${method} ${path}`))
    .join(' or ');

function noneHas(operations: readonly Operation[], choice: string): string {
  const names = operations.flatMap(({ operationId, method, path, derivedName }) => [
    ...(operationId === undefined ? [] : [operationId]),
    `${method} ${path}`,
    derivedName,
  ]);
  const near = nearNames(choice, [...new Set(names)]);
  const hint = near.length > 0 ? `; near: ${near.map((name) => JSON.stringify(name)).join(', ')}` : '';
  return `the document has no operation ${JSON.stringify(choice.slice(0, 200))} (of ${operations.length})${hint}`;
}
