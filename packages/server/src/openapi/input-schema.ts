/** The schema of a tool's arguments: parameters and body side by side, with names that do not collide. */
import { isObject, type Json, type JsonObject } from '@sallyport/guard';
import type { BodyBinding, ParameterBinding } from './binding.ts';
import { isBinary, type BodyPart } from './body.ts';
import { cleanText } from './clean-text.ts';
import { createSchemaConverter, withDefinitions, type Conversion, type SchemaConverter } from './convert-schema.ts';
import { argumentName, type ParameterPart } from './parameters.ts';
import { objectAt } from './references.ts';

const DESCRIPTION_CHARACTERS_MAX = 400;

/** The schema of the arguments, and where each goes. */
export interface Input {
  readonly schema: JsonObject;
  readonly parameters: readonly ParameterBinding[];
  readonly body?: BodyBinding;
}

/** @throws DocumentError for schemas that cannot be converted. */
export function inputOf(conversion: Conversion, parts: readonly ParameterPart[], body: BodyPart | undefined): Input {
  const converter = createSchemaConverter(conversion);
  const properties: Record<string, Json> = {};
  const required: string[] = [];
  const add = (wanted: string, place: string, schema: Json, description: Json | undefined, isRequired: boolean) => {
    const argument = freeName(properties, wanted, place);
    properties[argument] = described(schema, description);
    if (isRequired) required.push(argument);
    return argument;
  };
  const parameters = parts.map(({ binding, schema, description, at }) => ({
    ...binding,
    argument: add(binding.argument, binding.in, converter.convert(schema, at), description, binding.required),
  }));
  const bound = body === undefined ? undefined : addBody(conversion, converter, body, add);
  const schema: Record<string, Json> = { type: 'object', properties, additionalProperties: false };
  if (required.length > 0) schema['required'] = required;
  return {
    schema: withDefinitions(schema, converter.definitions()),
    parameters,
    ...(bound !== undefined && { body: bound }),
  };
}

type AddArgument = (
  wanted: string,
  place: string,
  schema: Json,
  description: Json | undefined,
  isRequired: boolean,
) => string;

/** The members of a plain object become arguments of their own; any other body is one argument. */
function addBody(
  { document }: Conversion,
  converter: SchemaConverter,
  { kind, contentType, required, schema, parts, description, at }: BodyPart,
  add: AddArgument,
): BodyBinding {
  const base = { kind, contentType, required, parts };
  const written = isObject(schema) ? objectAt(document.root, schema, at) : {};
  if (kind === 'bytes' || (kind === 'text' && isBinary(written))) {
    const text = { type: 'string', contentEncoding: 'base64', description: 'The bytes, as base64.' };
    return { ...base, kind: 'bytes', argument: add('body', 'body', text, description, required) };
  }
  const converted = converter.convertInPlace(schema, at);
  if (kind !== 'text' && isObject(converted) && isPlainObject(converted)) {
    const names = new Set((converted['required'] ?? []) as readonly string[]);
    const members = Object.entries(converted['properties'] as JsonObject).map(([name, member]) => {
      const memberSchema = parts[name]?.isBytes === true ? base64Of(member) : member;
      return [add(argumentName(name), 'body', memberSchema, undefined, required && names.has(name)), name] as const;
    });
    return { ...base, members };
  }
  return { ...base, argument: add('body', 'body', converted, description, required) };
}

function freeName(properties: Readonly<Record<string, Json>>, wanted: string, place: string): string {
  if (!Object.hasOwn(properties, wanted)) return wanted;
  const base = `${wanted}_${place}`;
  let name = base;
  for (let count = 2; Object.hasOwn(properties, name); count++) name = `${base}_${count}`;
  return name;
}

const isPlainObject = (schema: JsonObject): boolean =>
  schema['type'] === 'object' &&
  schema['additionalProperties'] === false &&
  isObject(schema['properties']) &&
  ['allOf', 'anyOf', 'oneOf', 'not', 'if', 'patternProperties', 'minProperties', '$ref'].every(
    (keyword) => schema[keyword] === undefined,
  );

/** The schema of a file's content: base64, or a list of it. */
function base64Of(schema: Json): Json {
  const text = { type: 'string', contentEncoding: 'base64', description: 'The content of the file, as base64.' };
  return isObject(schema) && schema['type'] === 'array' ? { type: 'array', items: text } : text;
}

/** The description beside the schema is nearer to the caller than the one inside it. */
function described(schema: Json, description: Json | undefined): Json {
  const text = cleanText(description, DESCRIPTION_CHARACTERS_MAX);
  if (text === '' || schema === false) return schema;
  return schema === true ? { description: text } : { ...(schema as JsonObject), description: text };
}
