/** Sets or removes one server in the JSON of a client; comments, order and indentation of everything else stay. */
import { isObject, type Json, type JsonObject } from '@sallyport/guard';
import { applyEdits, modify, parse, type JSONPath, type ParseError } from 'jsonc-parser';
import type { Client, ClientEntry } from './clients.ts';

/** The value at a path; `undefined` when there is none. @throws Error when the text is no JSON object. */
export function jsonAt(text: string, path: JSONPath): Json | undefined {
  return path.reduce<Json | undefined>(
    (value, step) => (isObject(value) ? value[String(step)] : undefined),
    documentOf(text),
  );
}

/** @param entry `undefined` removes the server. @throws Error when the text is no JSON object. */
export function withJsonEntry(
  text: string,
  { place, inputs }: Pick<Client, 'place' | 'inputs'>,
  name: string,
  entry: ClientEntry | undefined,
): string {
  const before = text.trim() === '' ? '{}\n' : text;
  documentOf(before);
  const changed = set(before, [...place, name], entry);
  return inputs === undefined ? changed : withInput(changed, inputs, entry);
}

/** The client asks for a secret once, and keeps it. It is asked for as long as an entry names it. */
function withInput(text: string, input: NonNullable<Client['inputs']>, entry: ClientEntry | undefined): string {
  const { inputs } = documentOf(text);
  const items = (Array.isArray(inputs) ? inputs : []) as readonly Json[];
  const at = items.findIndex((item) => isObject(item) && item['id'] === input.id);
  const isNeeded = JSON.stringify(entry ?? {}).includes(`\${input:${input.id}}`);
  if (isNeeded === (at !== -1)) return text;
  if (isNeeded) return set(text, ['inputs', items.length], input);
  return items.length === 1 ? set(text, ['inputs'], undefined) : set(text, ['inputs', at], undefined);
}

function set(text: string, path: JSONPath, value: unknown): string {
  const eol = text.includes('\r\n') ? '\r\n' : '\n';
  const indent = /\n([ \t]+)["/]/.exec(text)?.[1] ?? '  ';
  const formattingOptions = { insertSpaces: !indent.startsWith('\t'), tabSize: indent.length, eol };
  return applyEdits(text, modify(text, path, value, { formattingOptions }));
}

function documentOf(text: string): JsonObject {
  if (text.trim() === '') return {};
  const errors: ParseError[] = [];
  const value = parse(text, errors, { allowTrailingComma: true }) as Json | undefined;
  if (errors.length === 0 && isObject(value)) return value;
  throw new Error('is not a JSON object');
}
