/** The body of a request, from its members: no text is ever put together from templates (R4). */
import { isObject, type Json, type JsonObject } from '@sallyport/guard';
import { ArgumentError } from './argument-error.ts';
import type { BodyBinding, PartBinding } from './binding.ts';
import { encodedPairs, pairsOf, scalarText, type Pair } from './encode-value.ts';

/** The bytes of a body, and their type. */
export interface EncodedBody {
  readonly contentType: string;
  readonly bytes: Buffer;
}

const USUAL: PartBinding = { style: 'form', explode: true, contentType: '', isBytes: false };

/** @returns `undefined` when no argument of the body was given. @throws ArgumentError */
export function encodeBody(binding: BodyBinding, input: JsonObject): EncodedBody | undefined {
  const value = bodyValue(binding, input);
  if (value === undefined) return undefined;
  const { contentType, kind } = binding;
  const argument = binding.argument ?? 'body';
  if (kind === 'json') return { contentType, bytes: Buffer.from(JSON.stringify(value)) };
  if (kind === 'text') return { contentType, bytes: Buffer.from(scalarText(value, argument)) };
  if (kind === 'bytes') return { contentType, bytes: bytesOf(value, argument) };
  if (!isObject(value)) throw new ArgumentError(`The argument ${argument} must be an object.`);
  if (kind === 'form') return { contentType, bytes: Buffer.from(encodedPairs(formPairs(binding, value))) };
  return multipart(binding, value);
}

function bodyValue({ argument, members, required }: BodyBinding, input: JsonObject): Json | undefined {
  if (argument !== undefined) return input[argument];
  const given = (members ?? []).flatMap(([name, member]): [string, Json][] => {
    const value = input[name];
    return value === undefined ? [] : [[member, value]];
  });
  return given.length === 0 && !required ? undefined : Object.fromEntries(given);
}

function formPairs({ parts }: BodyBinding, value: JsonObject): readonly Pair[] {
  const names = new Set(Object.keys(value).map((name) => name.toLowerCase()));
  return Object.entries(value).flatMap(([name, member]) => {
    const isComposed = isObject(member) || (Array.isArray(member) && (member as readonly Json[]).some(isComposedItem));
    const { style, explode } = Object.hasOwn(parts, name)
      ? (parts[name] as PartBinding)
      : { ...USUAL, style: isComposed ? ('json' as const) : USUAL.style };
    return pairsOf(name, member, style, explode, name, names);
  });
}

const isComposedItem = (item: Json): boolean => typeof item === 'object' && item !== null;

/** RFC 7578. The boundary is random, and no part may hold it. */
function multipart({ parts }: BodyBinding, value: JsonObject): EncodedBody {
  const pieces = Object.entries(value).flatMap(([name, member]) => {
    const part = Object.hasOwn(parts, name) ? (parts[name] as PartBinding) : USUAL;
    const items = Array.isArray(member) && part.style !== 'json' ? (member as readonly Json[]) : [member];
    return items.map((item) => pieceOf(name, item, part));
  });
  const boundary = `sallyport-${crypto.randomUUID()}`;
  if (pieces.some(({ bytes }) => bytes.includes(boundary))) throw new ArgumentError('The body holds its own boundary.');
  const chunks = pieces.flatMap(({ head, bytes }) => [Buffer.from(`--${boundary}\r\n${head}\r\n\r\n`), bytes, CRLF]);
  return {
    contentType: `multipart/form-data; boundary=${boundary}`,
    bytes: Buffer.concat([...chunks, Buffer.from(`--${boundary}--\r\n`)]),
  };
}

const CRLF = Buffer.from('\r\n');

function pieceOf(name: string, value: Json, part: PartBinding): { readonly head: string; readonly bytes: Buffer } {
  const isComposed = typeof value === 'object' && value !== null;
  const type = part.contentType === '' && isComposed ? 'application/json' : part.contentType;
  const bytes = part.isBytes
    ? bytesOf(value, name)
    : Buffer.from(isComposed ? JSON.stringify(value) : scalarText(value, name));
  const filename = part.isBytes ? '; filename="file"' : '';
  const disposition = `Content-Disposition: form-data; name="${quoted(name)}"${filename}`;
  return { head: type === '' ? disposition : `${disposition}\r\nContent-Type: ${type}`, bytes };
}

/** As browsers write names: nothing ends the quotes or the line. */
const quoted = (name: string): string => name.replaceAll('"', '%22').replaceAll('\r', '%0D').replaceAll('\n', '%0A');

/** @throws ArgumentError unless it is base64 with padding. */
function bytesOf(value: Json, argument: string): Buffer {
  const isBase64 = typeof value === 'string' && value.length % 4 === 0 && /^[A-Za-z0-9+/]*={0,2}$/.test(value);
  if (!isBase64) throw new ArgumentError(`The argument ${argument} must be base64.`);
  return Buffer.from(value, 'base64');
}
