/** What an operation answers: which media types, and the schema of structured content. */
import { asObject, isObject, type Json, type JsonObject } from '@sallyport/guard';
import type { AnswerShape } from './binding.ts';
import { createSchemaConverter, withDefinitions, type Conversion } from './convert-schema.ts';
import type { Operation } from './operations.ts';
import { objectAt } from './references.ts';

/** How answers are read, and the schema that they are published with. */
export interface Output {
  readonly shape: AnswerShape;
  readonly schema?: JsonObject;
  readonly accepts: readonly string[];
}

const JSON_TYPE = /^application\/(?:[\w.-]+\+)?json\s*(?:;|$)/i;

interface Success {
  readonly schema: Json | undefined;
  readonly at: readonly string[];
}

/**
 * Only where every answer that succeeds is JSON of one described shape is there a schema: an answer without content has
 * no structure.
 */
export function outputOf(conversion: Conversion, operation: Operation): Output {
  const { root } = conversion.document;
  const accepts = new Set<string>();
  const successes: Success[] = [];
  let isStructured = true;
  for (const [status, value] of Object.entries(asObject(operation.description['responses']))) {
    if (!/^2(?:\d\d|XX)$/i.test(status) && status !== 'default') continue;
    if (status === 'default' && successes.length > 0) continue;
    const at = [...operation.pointer, 'responses', status];
    const content = Object.entries(asObject(objectAt(root, value, at)['content']));
    for (const [type] of content) accepts.add((type.split(';')[0] ?? '').trim().toLowerCase());
    const json = content.find(([type]) => JSON_TYPE.test(type));
    if (json === undefined || content.length > 1) isStructured &&= status === 'default' || json !== undefined;
    if (json !== undefined)
      successes.push({ schema: asObject(json[1])['schema'], at: [...at, 'content', json[0], 'schema'] });
  }
  const none = { shape: 'none' as const, accepts: [...accepts].sort() };
  const [first] = successes;
  // An answer to HEAD has no content, whatever the document says.
  if (operation.method === 'HEAD') return none;
  if (!isStructured || first === undefined || successes.length > 1 || !isObject(first.schema)) return none;
  const converter = createSchemaConverter(conversion);
  const converted = converter.convertInPlace(first.schema, first.at);
  const shape = shapeOf(converted);
  return { shape, schema: withDefinitions(enclosed(shape, converted), converter.definitions()), accepts: none.accepts };
}

function shapeOf(schema: Json): Exclude<AnswerShape, 'none'> {
  const { type } = asObject(schema);
  if (type === 'object') return 'object';
  return type === 'array' ? 'items' : 'value';
}

/** Structured content is an object: another value stands in a member of one. */
function enclosed(shape: Exclude<AnswerShape, 'none'>, schema: Json): JsonObject {
  if (shape === 'object' && isObject(schema)) return schema;
  return { type: 'object', properties: { [shape]: schema }, required: [shape] };
}
