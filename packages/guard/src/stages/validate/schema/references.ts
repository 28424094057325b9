/** Where a `$ref` points: JSON pointers, anchors and the schema's own address. Nothing is ever fetched. */
import type { Json, JsonObject } from '../../../call.ts';
import { isObject } from '../../../json/is-object.ts';
import { subschemasOf } from './subschemas.ts';

/** Finds what a reference points to. @throws Error when it leaves the schema or points to nothing. */
export type ResolveReference = (reference: string) => Json;

/** @param root the whole schema. */
export function createResolver(root: Json): ResolveReference {
  const own = ownAddress(root);
  let anchors: ReadonlyMap<string, Json> | undefined;
  return (reference) => {
    const fragment = fragmentOf(reference, own);
    if (fragment === undefined)
      throw new Error(`the $ref leaves the schema: ${JSON.stringify(reference.slice(0, 100))}`);
    anchors ??= anchorsIn(root);
    const target = fragment === '' || fragment.startsWith('/') ? at(root, fragment) : anchors.get(fragment);
    if (target === undefined) throw new Error(`the $ref points to nothing: ${JSON.stringify(reference.slice(0, 100))}`);
    return target;
  };
}

const ownAddress = (root: Json): string | undefined => {
  const id = isObject(root) ? root['$id'] : undefined;
  return typeof id === 'string' ? id.replace(/#$/, '') : undefined;
};

function fragmentOf(reference: string, own: string | undefined): string | undefined {
  const hash = reference.indexOf('#');
  const address = hash === -1 ? reference : reference.slice(0, hash);
  if (address !== '' && address !== own) return undefined;
  const fragment = hash === -1 ? '' : reference.slice(hash + 1);
  try {
    return decodeURIComponent(fragment);
  } catch {
    return undefined;
  }
}

function at(root: Json, pointer: string): Json | undefined {
  let node: Json | undefined = root;
  for (const part of pointer.split('/').slice(1)) {
    const key = part.replaceAll('~1', '/').replaceAll('~0', '~');
    if (node === null || typeof node !== 'object' || !Object.hasOwn(node, key)) return undefined;
    node = (node as JsonObject)[key];
  }
  return node;
}

/** `$anchor`, and `$id: "#name"` as draft 7 writes it. */
function anchorsIn(root: Json): ReadonlyMap<string, Json> {
  const anchors = new Map<string, Json>();
  const collect = (schema: Json): void => {
    if (!isObject(schema)) return;
    const { $anchor, $id } = schema;
    if (typeof $anchor === 'string') anchors.set($anchor, schema);
    if (typeof $id === 'string' && $id.startsWith('#')) anchors.set($id.slice(1), schema);
    for (const inner of subschemasOf(schema)) collect(inner);
  };
  collect(root);
  return anchors;
}
