/** The parameters of an operation: which argument fills which place, and how lists and objects are written there. */
import { asObject, isObject, type Json, type JsonObject } from '@sallyport/guard';
import type { ParameterBinding, Style } from './binding.ts';
import { DocumentError } from './document-error.ts';
import type { Operation } from './operations.ts';
import { objectAt } from './references.ts';

/** A parameter of the document, with the schema of its argument. */
export interface ParameterPart {
  readonly binding: ParameterBinding;
  readonly schema: Json;
  readonly description: Json | undefined;
  readonly at: readonly string[];
}

/** OpenAPI says that these are described elsewhere: by the media types and the security schemes. */
const DESCRIBED_ELSEWHERE = /^(?:accept|content-type|authorization)$/i;
/** Headers of framing, routing and identity: whoever may set them says something else than one value (R3). */
const RESERVED_HEADERS = new Set(
  (
    'host connection content-length content-encoding content-type transfer-encoding te trailer upgrade expect ' +
    'keep-alive cookie set-cookie forwarded via x-real-ip x-method-override accept-encoding authorization'
  ).split(' '),
);
const RESERVED_PREFIXES = ['x-forwarded-', 'x-original-', 'x-rewrite-', 'x-http-method', 'proxy-', 'sec-'];
const HEADER_NAME = /^[A-Za-z0-9!#$%&'*+.^_`|~-]{1,128}$/;

const STYLES: Readonly<Record<ParameterBinding['in'], readonly Style[]>> = {
  path: ['simple', 'label', 'matrix'],
  query: ['form', 'spaceDelimited', 'pipeDelimited', 'deepObject'],
  header: ['simple'],
  cookie: ['form', 'cookie'],
};

/**
 * The parameters of the operation and of its path, the operation's own first where both have one.
 *
 * @param skip names of places that credentials or fixed values fill, as `in:name` in lower case.
 * @throws DocumentError for a parameter that cannot be sent.
 */
export function parametersOf(
  root: JsonObject,
  operation: Operation,
  skip: ReadonlySet<string>,
  note: (finding: string) => void,
): readonly ParameterPart[] {
  const parts = new Map<string, ParameterPart>();
  const lists = [
    [operation.description['parameters'], [...operation.pointer, 'parameters']],
    [operation.pathItem['parameters'], ['paths', operation.path, 'parameters']],
  ] as const;
  for (const [list, pointer] of lists) {
    if (!Array.isArray(list)) continue;
    for (const [index, value] of (list as readonly Json[]).entries()) {
      const at = [...pointer, String(index)];
      const part = partOf(objectAt(root, value, at), at, note);
      if (part === undefined) continue;
      const key = `${part.binding.in}:${part.binding.name}`;
      if (!skip.has(key.toLowerCase()) && !parts.has(key)) parts.set(key, part);
    }
  }
  return [...parts.values()];
}

/** @returns `undefined` for a parameter that is described elsewhere or may be left out. */
function partOf(
  parameter: JsonObject,
  at: readonly string[],
  note: (finding: string) => void,
): ParameterPart | undefined {
  const { name, in: place } = parameter;
  if (typeof name !== 'string' || name === '') throw new DocumentError('a parameter has no name', at);
  if (place !== 'path' && place !== 'query' && place !== 'header' && place !== 'cookie')
    throw new DocumentError(
      place === 'querystring' || place === 'body' || place === 'formData'
        ? `a parameter in ${place} is not supported`
        : 'a parameter is in none of path, query, header and cookie',
      at,
    );
  const required = parameter['required'] === true || place === 'path';
  const fault = placeFault(place, name);
  if (fault !== undefined) {
    if (place === 'header' && DESCRIBED_ELSEWHERE.test(name)) return undefined;
    if (required) throw new DocumentError(`the parameter ${JSON.stringify(name.slice(0, 80))} ${fault}`, at);
    note(`the parameter ${JSON.stringify(name.slice(0, 80))} is left out: it ${fault}`);
    return undefined;
  }
  const { style, explode, schema } = shapeOf(parameter, place, at);
  const binding: ParameterBinding = { argument: argumentName(name), name, in: place, style, explode, required };
  return { binding, schema, description: parameter['description'], at };
}

function placeFault(place: ParameterBinding['in'], name: string): string | undefined {
  if (place === 'header' && isReserved(name.toLowerCase())) return 'is a header that arguments must not set';
  if ((place === 'header' || place === 'cookie') && !HEADER_NAME.test(name)) return 'has a name that cannot be sent';
  return /[\p{Cc}\p{Cs}]/u.test(name) ? 'has a name that cannot be sent' : undefined;
}

const isReserved = (name: string): boolean =>
  RESERVED_HEADERS.has(name) || RESERVED_PREFIXES.some((prefix) => name.startsWith(prefix));

function shapeOf(
  parameter: JsonObject,
  place: ParameterBinding['in'],
  at: readonly string[],
): { readonly style: Style; readonly explode: boolean; readonly schema: Json } {
  const content = asObject(parameter['content']);
  const [type] = Object.keys(content);
  if (type !== undefined) {
    if (!/^application\/(?:[\w.-]+\+)?json\b/i.test(type))
      throw new DocumentError(`a parameter of the type ${JSON.stringify(type.slice(0, 80))} is not supported`, at);
    return { style: 'json', explode: false, schema: asObject(content[type])['schema'] ?? {} };
  }
  const written = parameter['style'];
  const [usual] = STYLES[place];
  const style = STYLES[place].find((known) => known === written) ?? (usual as Style);
  const explode =
    typeof parameter['explode'] === 'boolean' ? parameter['explode'] : style === 'form' || style === 'cookie';
  // Swagger 2 documents that were renamed carry the type beside the name.
  const schema = isObject(parameter['schema']) || typeof parameter['schema'] === 'boolean' ? parameter['schema'] : {};
  return { style, explode, schema };
}

/** A name that every client can write: `filter[status]` → `filter_status`. */
export function argumentName(name: string): string {
  const words = name.slice(0, 200).split(/[^A-Za-z0-9_.-]+/);
  const plain = words
    .filter((word) => word !== '')
    .join('_')
    .slice(0, 64);
  return plain === '' || plain === 'constructor' ? 'value' : plain;
}
