/**
 * The official test suite of JSON Schema with our own interpreter (ADR 6): a schema is checked as the suite says, or it
 * is refused with the reason. It is never checked differently, but for the exceptions that are named here.
 */
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { isObject, type Json, type JsonObject } from '@sallyport/guard';
import { compileSchema, type CheckSchema } from '@sallyport/guard/stages';

interface Group {
  readonly description: string;
  readonly schema: Json;
  readonly tests: readonly { readonly description: string; readonly data: Json; readonly valid: boolean }[];
}

/** What is refused, by the reason that `sallyport check` shows. Nothing is fetched, and no way is remembered. */
const REFUSALS = [
  ['another document', /^the \$(ref|dynamicRef) leaves the schema: /],
  ['a schema that depends on the way to it', /^the \$dynamicRef may point to several schemas: /],
] as const;

/** Formats that are checked; every other one is an annotation, as 2020-12 says of all of them. */
const CHECKED_FORMATS = ['date', 'date-time', 'email', 'ipv4', 'time', 'uri', 'uuid'];

/** Verdicts that differ: what is checked besides (`stricter`), and what is an annotation here (`annotation`). */
const DIFFERENT: readonly (readonly [test: RegExp, why: 'stricter' | 'annotation'])[] = [
  // Authors who write keywords beside a `$ref` mean them, and later drafts agree.
  [/^draft7 ref\.json: ref overrides any sibling keywords: ref valid, maxItems ignored$/, 'stricter'],
  [/^draft2020-12 vocabulary\.json: schema that uses custom metaschema with/, 'stricter'],
  [/ format\.json: .* is only an annotation by default$/, 'stricter'],
  [/^draft7 optional\/content\.json: /, 'annotation'],
  // Of these formats the form is checked, not every rule of their standards.
  [/ optional\/format\/(date-time|time)\.json: .*leap second/, 'annotation'],
  [/ optional\/format\/email\.json: /, 'annotation'],
];

interface Outcome {
  /** Tests with the verdict of the suite. */
  readonly agreed: number;
  /** Tests with another verdict, of which the exceptions above know. */
  readonly different: number;
  /** Groups of tests by the reason why their schema is refused. */
  readonly refused: ReadonlyMap<string, number>;
  readonly wrong: readonly string[];
}

function run(draft: string): Outcome {
  const file = new URL(`./json-schema/${draft}.json`, import.meta.url);
  const suite = JSON.parse(readFileSync(file, 'utf8')) as Readonly<Record<string, readonly Group[]>>;
  const wrong: string[] = [];
  const refused = new Map<string, number>();
  let [agreed, different] = [0, 0];
  for (const [name, groups] of Object.entries(suite).filter(([path]) => isCovered(path)))
    for (const group of groups) {
      const at = `${draft} ${name}: ${group.description}`;
      const check = compiled(declared(group.schema, draft));
      if (typeof check === 'string') {
        const [reason] = REFUSALS.find(([, pattern]) => pattern.test(check)) ?? [];
        if (reason === undefined) wrong.push(`${at}: ${check}`);
        else refused.set(reason, (refused.get(reason) ?? 0) + 1);
        continue;
      }
      for (const { description, data, valid } of group.tests) {
        const isValid = check(data).length === 0;
        const test = `${at}: ${description}`;
        if (isValid === valid) agreed++;
        else if (isKnown(test, isValid)) different++;
        else wrong.push(`${test}: ${isValid ? 'accepted' : 'refused'}`);
      }
    }
  return { agreed, different, refused, wrong };
}

function isCovered(name: string): boolean {
  const [, format] = /^optional\/format\/(.*)\.json$/.exec(name) ?? [];
  return (format === undefined || CHECKED_FORMATS.includes(format)) && name !== 'optional/format-assertion.json';
}

/** The suite of draft 7 names the draft by its folder, a tool by `$schema`. */
function declared(schema: Json, draft: string): Json {
  if (draft !== 'draft7' || !isObject(schema) || '$schema' in schema) return schema;
  return { ...schema, $schema: 'http://json-schema.org/draft-07/schema#' } satisfies JsonObject;
}

function compiled(schema: Json): CheckSchema | string {
  try {
    return compileSchema(schema);
  } catch (thrown) {
    return thrown instanceof Error ? thrown.message : String(thrown);
  }
}

const isKnown = (test: string, isValid: boolean): boolean =>
  DIFFERENT.some(([pattern, why]) => pattern.test(test) && isValid === (why === 'annotation'));

describe('B4 the official test suite of JSON Schema', () => {
  it.each([
    ['draft2020-12', 1_518, 25, { 'another document': 23, 'a schema that depends on the way to it': 9 }],
    ['draft7', 1_156, 20, { 'another document': 14 }],
  ])('%s', (draft, agreed, different, refusals) => {
    const { refused, ...verdicts } = run(draft);
    expect(verdicts).toEqual({ agreed, different, wrong: [] });
    expect(Object.fromEntries(refused)).toEqual(refusals);
  });
});
