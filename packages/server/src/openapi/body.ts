/** The body of an operation: of its media types the one that arguments fill best, and how its members are written. */
import { asObject, isObject, type Json, type JsonObject } from '@sallyport/guard';
import type { BodyBinding, PartBinding, Style } from './binding.ts';
import { DocumentError } from './document-error.ts';
import type { OpenApiDocument } from './read-document.ts';
import { objectAt } from './references.ts';

/** A body of the document, with the schema of its arguments. */
export interface BodyPart {
  readonly kind: BodyBinding['kind'];
  readonly contentType: string;
  readonly required: boolean;
  readonly schema: Json;
  readonly parts: Readonly<Record<string, PartBinding>>;
  readonly description: Json | undefined;
  readonly at: readonly string[];
}

/** In the order of preference. */
const KINDS: readonly (readonly [RegExp, BodyBinding['kind']])[] = [
  [/^application\/json\s*(?:;|$)/i, 'json'],
  [/^application\/[\w.-]+\+json\s*(?:;|$)/i, 'json'],
  [/^application\/x-www-form-urlencoded\s*(?:;|$)/i, 'form'],
  [/^multipart\/form-data\s*(?:;|$)/i, 'multipart'],
  [/^\*\/\*$|^application\/\*$/, 'json'],
  [/^text\/(?!xml|html)[\w.+-]+\s*(?:;|$)/i, 'text'],
  [/^(?:application\/octet-stream|image\/[\w.+-]+|audio\/[\w.+-]+|application\/(?:pdf|zip))\s*(?:;|$)/i, 'bytes'],
];
/** Types without a wildcard, as they are sent. */
const CONTENT_TYPE = /^[\w.+-]+\/[\w.+-]+(?:\s*;\s*[\w-]+=[\w.+-]+)*$/;
const WITHOUT_BODY = new Set(['GET', 'HEAD', 'DELETE', 'OPTIONS', 'TRACE']);

/**
 * @returns `undefined` for an operation without a body.
 * @throws DocumentError for a body that cannot be sent.
 */
export function bodyOf(
  document: OpenApiDocument,
  method: string,
  written: Json | undefined,
  pointer: readonly string[],
): BodyPart | undefined {
  if (written === undefined) return undefined;
  const at = [...pointer, 'requestBody'];
  const body = objectAt(document.root, written, at);
  const content = asObject(body['content']);
  const types = Object.keys(content);
  if (types.length === 0) return undefined;
  // Of a DELETE some interfaces expect one, and the others do not mind when it is absent.
  if (WITHOUT_BODY.has(method) && !(method === 'DELETE' && body['required'] === true)) return undefined;
  const [type, kind] = preferred(types, at);
  const media = asObject(content[type]);
  const schema = media['schema'] ?? {};
  return {
    kind,
    contentType: CONTENT_TYPE.test(type) ? type : 'application/json',
    required: body['required'] === true,
    schema,
    parts: kind === 'form' || kind === 'multipart' ? partsOf(document, kind, media, schema, at) : {},
    description: body['description'],
    at: [...at, 'content', type, 'schema'],
  };
}

function preferred(types: readonly string[], at: readonly string[]): readonly [string, BodyBinding['kind']] {
  for (const [pattern, kind] of KINDS) {
    const type = types.find((candidate) => pattern.test(candidate.trim()));
    if (type !== undefined) return [type, kind];
  }
  const list = types.map((type) => JSON.stringify(type.slice(0, 80))).join(', ');
  throw new DocumentError(`has no body that can be made from arguments (only ${list})`, at);
}

/** How members are written that are no text: by what the document says, else by what their schema is. */
function partsOf(
  { root }: OpenApiDocument,
  kind: 'form' | 'multipart',
  media: JsonObject,
  schema: Json,
  at: readonly string[],
): Record<string, PartBinding> {
  const encoding = asObject(media['encoding']);
  const parts: Record<string, PartBinding> = {};
  if (!isObject(schema)) return parts;
  for (const [name, member] of Object.entries(asObject(objectAt(root, schema, at)['properties']))) {
    const own = asObject(encoding[name]);
    const target = isObject(member) ? objectAt(root, member, at) : {};
    const isBytes = isBinary(target) || isBinary(asObject(target['items']));
    const { style, explode } = own;
    const known = (['form', 'spaceDelimited', 'pipeDelimited', 'deepObject'] as const).find((name_) => name_ === style);
    const isComposed = target['type'] === 'object' || target['properties'] !== undefined;
    const part: PartBinding = {
      style: known ?? ((isComposed ? 'json' : 'form') satisfies Style),
      explode: typeof explode === 'boolean' ? explode : (known ?? 'form') === 'form',
      contentType: contentTypeOf(kind, own, isBytes),
      isBytes: isBytes && kind === 'multipart',
    };
    if (known !== undefined || isComposed || part.isBytes || part.contentType !== '') parts[name] = part;
  }
  return parts;
}

function contentTypeOf(kind: 'form' | 'multipart', encoding: JsonObject, isBytes: boolean): string {
  if (kind === 'form') return '';
  const written = encoding['contentType'];
  const first = typeof written === 'string' ? (written.split(',')[0] ?? '').trim() : '';
  if (CONTENT_TYPE.test(first)) return first;
  return isBytes ? 'application/octet-stream' : '';
}

/** The content of a file: `format: binary` in 3.0, a media type without an encoding since 3.1. */
export const isBinary = (schema: JsonObject): boolean =>
  schema['format'] === 'binary' ||
  schema['type'] === 'file' ||
  (typeof schema['contentMediaType'] === 'string' &&
    schema['contentEncoding'] === undefined &&
    /^(?:application\/octet-stream|image|audio|video)/.test(schema['contentMediaType']));
