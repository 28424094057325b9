/** SQL that was written as a template: texts of the author and values, which never become text. */
import { ToolError } from '../errors.ts';
import { checkText } from './text.ts';

/** What a value of a statement can be. A number is finite, and a text is well-formed Unicode without NUL. */
export type SqlValue = string | number | bigint | boolean | null | Date | Uint8Array;

declare const brand: unique symbol;

/**
 * A statement or a part of one. Only {@link sql} makes them.
 *
 * @example
 * ```ts
 * const ofStatus = (status: string): Sql => sql`status = ${status}`;
 * ```
 */
export interface Sql {
  readonly [brand]: 'sql';
}

/** A text of the author, a value, or the place of the tenant of the call. */
export type Part = { readonly text: string } | { readonly value: SqlValue } | { readonly tenant: true };

const parts = new WeakMap<Sql, readonly Part[]>();
const VALUES_MAX = 1_000;
const NAME = /^[A-Za-z_][A-Za-z0-9_]{0,62}$/;

/** @throws TypeError for anything that {@link sql} did not make, a text above all. */
export function partsOf(statement: Sql): readonly Part[] {
  const found = parts.get(statement);
  if (found === undefined) throw new TypeError('a statement is written as sql`select …`, and is never a text');
  return found;
}

function fragment(list: readonly Part[]): Sql {
  const made = Object.freeze({}) as Sql;
  parts.set(made, list);
  return made;
}

const isFragment = (value: unknown): value is Sql =>
  typeof value === 'object' && value !== null && parts.has(value as Sql);

function checkValue(value: unknown): SqlValue {
  if (typeof value === 'string') return checkString(value);
  if (value === null || typeof value === 'boolean' || typeof value === 'bigint') return value;
  if (typeof value === 'number' && Number.isFinite(value)) return value;
  if (value instanceof Date && !Number.isNaN(value.getTime())) return value;
  if (value instanceof Uint8Array) return value;
  const hint = value === undefined ? 'write ?? null for a value that may be absent' : 'a list is written sql.list(…)';
  throw new TypeError(`a value of a statement is text, a number, a boolean, a date, bytes or null: ${hint}`);
}

function checkString(value: string): string {
  if (value.includes('\0') || !value.isWellFormed())
    throw new ToolError('INVALID_ARGUMENT', 'A text has a character that no database can hold.', {
      suggestion: 'Send plain Unicode text.',
    });
  return value;
}

function tag(strings: TemplateStringsArray, ...values: readonly (SqlValue | Sql)[]): Sql {
  checkText(strings);
  const list: Part[] = [];
  strings.forEach((text, index) => {
    if (text !== '') list.push({ text });
    if (index === values.length) return;
    const value = values[index];
    if (isFragment(value)) list.push(...partsOf(value));
    else list.push({ value: checkValue(value) });
  });
  return fragment(list);
}

/** Values in parentheses, for `in`. An empty list matches nothing. */
function list(values: readonly SqlValue[]): Sql {
  if (values.length > VALUES_MAX)
    throw new ToolError('INVALID_ARGUMENT', `A list has more than ${VALUES_MAX} values.`, {
      suggestion: 'Ask for fewer at a time.',
    });
  if (values.length === 0) return fragment([{ text: '(select null where 1 = 0)' }]);
  const items = values.map((value): Part[] => [{ value: checkValue(value) }]);
  return fragment([{ text: '(' }, ...between(items, ', '), { text: ')' }]);
}

/** Fragments with a word between them; an empty list is refused, because `where` without a condition is everything. */
function join(fragments: readonly Sql[], separator: 'and' | 'or' | ','): Sql {
  if (fragments.length === 0) throw new TypeError('nothing to join: say what an empty list means');
  const items = fragments.map((item): Part[] => [{ text: '(' }, ...partsOf(item), { text: ')' }]);
  if (separator !== ',') return fragment([{ text: '(' }, ...between(items, ` ${separator} `), { text: ')' }]);
  return fragment(
    between(
      fragments.map((item) => [...partsOf(item)]),
      ', ',
    ),
  );
}

const between = (items: readonly Part[][], text: string): Part[] =>
  items.flatMap((item, index) => (index === 0 ? item : [{ text }, ...item]));

/**
 * One of the fragments that the author wrote, by the name that the caller sent: the way for an order, a column or a
 * direction.
 */
function choose(name: string, choices: Readonly<Record<string, Sql>>): Sql {
  const chosen = Object.hasOwn(choices, name) ? choices[name] : undefined;
  if (chosen === undefined)
    throw new ToolError('INVALID_ARGUMENT', 'That is none of the choices.', {
      suggestion: `Choose one of ${Object.keys(choices).join(', ')}.`,
    });
  return chosen;
}

/** A quoted name of a table or column, when it is on the list. */
function identifier(name: string, allowed: readonly string[]): Sql {
  const wrong = allowed.find((each) => !NAME.test(each));
  if (wrong !== undefined) throw new TypeError('names on the list have 1 to 63 of A-Za-z0-9_, and no digit first');
  if (!allowed.includes(name))
    throw new ToolError('INVALID_ARGUMENT', 'That is none of the columns.', {
      suggestion: `Choose one of ${allowed.join(', ')}.`,
    });
  return fragment([{ text: `"${name}"` }]);
}

/** For the right side of `like`: finds the text itself, in which `%` and `_` mean nothing. */
function contains(text: string): Sql {
  const value = `%${checkString(text).replaceAll(/[\\%_]/g, '\\$&')}%`;
  return fragment([{ value }, { text: " escape '\\'" }]);
}

/**
 * Writes SQL. What stands in `${}` is a value or another fragment; there is no way in for a text that was put together.
 * A statement is one statement, without comments, and its quotes end before a value.
 *
 * - `sql.list(values)`: for `in`, at most 1,000 values.
 * - `sql.join(fragments, 'and' | 'or' | ',')`: at least one fragment.
 * - `sql.choose(name, { newest: sql…, name: sql… })`: one of the author's fragments by the caller's word.
 * - `sql.identifier(name, ['id', 'name'])`: a name that is on the list.
 * - `sql.contains(text)`: for the right side of `like`.
 * - `sql.tenant`: the tenant of the call, as a value.
 *
 * @throws TypeError when the author made a mistake; ToolError `INVALID_ARGUMENT` when the caller sent what cannot be.
 * @example
 * ```ts
 * const ordersOf = (customer: string, order: string): Sql =>
 *   sql`select id, total from orders where customer = ${customer}
 *       order by ${sql.choose(order, { newest: sql`placed_at desc`, largest: sql`total desc` })}`;
 * ```
 */
export const sql = Object.freeze(
  Object.assign(tag, { list, join, choose, identifier, contains, tenant: fragment([{ tenant: true }]) }),
);
