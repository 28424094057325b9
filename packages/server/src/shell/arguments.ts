/** The arguments of a program: texts of the author and places for values, each with what it may be. */
import type { JsonObject } from '@sallyport/guard';
import { compileSchema, type CheckSchema } from '@sallyport/guard/stages';
import type { CallContext } from '../call-context.ts';
import { ToolError } from '../errors.ts';

declare const valueOf: unique symbol;

/**
 * A place for a value. {@link arg} makes them.
 *
 * @example
 * ```ts
 * const nameOf = ({ name }: Arg): string => name;
 * ```
 */
export interface Arg<Name extends string = string, Value = unknown, Required extends boolean = boolean> {
  readonly name: Name;
  readonly isRequired: Required;
  /** JSON Schema of the value, for the input of a tool. */
  readonly schema: JsonObject;
  /**
   * The value as arguments of the program; none when it is absent.
   *
   * @throws ToolError `INVALID_ARGUMENT`, or what a file is refused with.
   */
  readonly toTexts: (value: unknown, context: CallContext) => Promise<readonly string[]>;
  /** Whether the program would take it for an option if it began with a dash. */
  readonly isPositional: boolean;
  readonly [valueOf]?: Value;
}

/** Names of properties and their values, from a list of arguments. */
export type ValuesOf<Args extends readonly (string | Arg)[]> = {
  [Item in Extract<Args[number], Arg<string, unknown, true>> as Item['name']]: ValueOf<Item>;
} & { [Item in Extract<Args[number], Arg<string, unknown, false>> as Item['name']]?: ValueOf<Item> };

type ValueOf<Item> = Item extends Arg<string, infer Value> ? Value : never;

/** A file or folder that a program may be given: what `openFiles` of `@sallyport/server/files` returns has it. */
export interface Locator {
  locate(context: CallContext, path: string, kind: 'file' | 'folder'): Promise<string>;
}

/** What a text may be. */
export interface TextRule {
  /** In RE2 syntax, for the whole text. Checked in time that is linear in the text. */
  readonly pattern: string;
  /** Characters: 1 to 4,096; 256 when absent. */
  readonly maxLength?: number;
  /** Lets the text begin with a dash. A program takes such a text for an option, unless `--` stands before it. */
  readonly dash?: 'allowed';
  readonly description?: string;
}

const LENGTH = 256;
const LENGTH_MAX = 4_096;
const LIST_MAX = 100;

/** @throws TypeError for a name that is no plain one; Error when the author's rule cannot be checked. */
function valueArg<Name extends string, Value>(
  name: Name,
  schema: JsonObject,
  toText: (value: Value, context: CallContext) => Promise<string>,
): Arg<Name, Value, true> {
  if (!/^[a-z][A-Za-z0-9_]{0,63}$/.test(name)) throw new TypeError(`an argument needs a plain name, unlike ${name}`);
  const check: CheckSchema = compileSchema(schema);
  return {
    name,
    isRequired: true,
    isPositional: true,
    schema,
    async toTexts(value, context) {
      // No conversion: a number in a text is no number.
      if (value === undefined || check(value as never).length > 0) throw invalid(name);
      return [await toText(value as Value, context)];
    },
  };
}

const described = (description: string | undefined): JsonObject => (description === undefined ? {} : { description });

/** One of the author's words. */
function choice<Name extends string, Word extends string>(name: Name, words: readonly Word[]): Arg<Name, Word, true> {
  for (const word of words) if (word.startsWith('-')) throw new TypeError('a choice is no option: use arg.flag');
  return valueArg<Name, Word>(name, { enum: [...words] }, async (word) => word);
}

/** A whole number in a range. */
function integer<Name extends string>(
  name: Name,
  { min, max, description }: { readonly min: number; readonly max: number; readonly description?: string },
): Arg<Name, number, true> {
  if (!Number.isSafeInteger(min) || !Number.isSafeInteger(max)) throw new TypeError('a range has whole numbers');
  const schema = { type: 'integer', minimum: min, maximum: max, ...described(description) };
  return valueArg<Name, number>(name, schema, async (value) => checkDash(name, String(value)));
}

/** A text that matches a pattern as a whole. */
function text<Name extends string>(
  name: Name,
  { pattern, maxLength = LENGTH, dash, description }: TextRule,
): Arg<Name, string, true> {
  if (!(maxLength >= 1 && maxLength <= LENGTH_MAX)) throw new TypeError(`maxLength is from 1 to ${LENGTH_MAX}`);
  // On its own first: a pattern must not close the group that makes it match the whole text.
  compileSchema({ type: 'string', pattern });
  const schema = { type: 'string', pattern: `^(?:${pattern})$`, minLength: 1, maxLength, ...described(description) };
  return valueArg<Name, string>(name, schema, async (value) => {
    if (value.includes('\0') || !value.isWellFormed()) throw invalid(name);
    return dash === 'allowed' ? value : checkDash(name, value);
  });
}

/** A file or folder below a root, which is there. The program gets its whole path. */
function path<Name extends string>(
  name: Name,
  { files, kind = 'file' }: { readonly files: Locator; readonly kind?: 'file' | 'folder' },
): Arg<Name, string, true> {
  const schema = { type: 'string', maxLength: LENGTH_MAX, description: `The path of a ${kind}, from the root.` };
  return valueArg<Name, string>(name, schema, (value, context) => files.locate(context, value, kind));
}

/** An option with a value, such as `-n 5`. Absent when the value is. */
function option<Name extends string, Value>(flagText: string, inner: Arg<Name, Value, true>): Arg<Name, Value, false> {
  checkFlag(flagText);
  return {
    ...inner,
    isRequired: false,
    isPositional: false,
    toTexts: async (value, context) =>
      value === undefined ? [] : [flagText, ...(await inner.toTexts(value, context))],
  };
}

/** An option without a value, such as `--all`: there when the value is true. */
function flag<Name extends string>(name: Name, flagText: string): Arg<Name, boolean, false> {
  checkFlag(flagText);
  const inner = valueArg<Name, boolean>(name, { type: 'boolean' }, async () => flagText);
  return {
    ...inner,
    isRequired: false,
    isPositional: false,
    toTexts: async (value, context) => {
      if (value === undefined) return [];
      const texts = await inner.toTexts(value, context);
      return value === true ? texts : [];
    },
  };
}

/** One or more values, at most 100. */
function list<Name extends string, Value>(
  inner: Arg<Name, Value, true>,
  max: number = LIST_MAX,
): Arg<Name, readonly Value[], true> {
  if (!(max >= 1 && max <= LIST_MAX)) throw new TypeError(`a list has at most 1 to ${LIST_MAX} values`);
  return {
    ...(inner as Arg<Name, never, true>),
    schema: { type: 'array', minItems: 1, maxItems: max, items: inner.schema },
    async toTexts(values, context) {
      if (!Array.isArray(values) || values.length === 0 || values.length > max) throw invalid(inner.name);
      const texts: string[] = [];
      for (const value of values) texts.push(...(await inner.toTexts(value, context)));
      return texts;
    },
  };
}

function checkDash(name: string, value: string): string {
  if (value.startsWith('-'))
    throw new ToolError('INVALID_ARGUMENT', `The value of ${name} begins with a dash, as an option does.`);
  return value;
}

function checkFlag(flagText: string): void {
  if (!/^-{1,2}[A-Za-z0-9][A-Za-z0-9-]*$/.test(flagText)) throw new TypeError(`${flagText} is no option`);
}

const invalid = (name: string): ToolError =>
  new ToolError('INVALID_ARGUMENT', `The value of ${name} is not one of those that are allowed.`);

/**
 * Places for values in the arguments of a program. A value never begins with a dash, unless its rule says so.
 *
 * - `arg.choice('format', ['json', 'text'])`
 * - `arg.integer('lines', { min: 1, max: 100 })`
 * - `arg.text('branch', { pattern: '[a-z0-9/]+' })`: matches as a whole.
 * - `arg.path('file', { files })`: a file below a root of `@sallyport/server/files`.
 * - `arg.option('-n', arg.integer(…))` and `arg.flag('all', '--all')`: may be absent.
 * - `arg.list(arg.choice(…))`: one or more.
 *
 * @example
 * ```ts
 * const lines = arg.option('-n', arg.integer('lines', { min: 1, max: 100 }));
 * ```
 */
export const arg = Object.freeze({ choice, integer, text, path, option, flag, list });
