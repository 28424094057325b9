/** What arrives, judged by the schemas of its route: members that they do not name are refused. */
import { z } from 'zod';
import { ApiProblem, type InvalidValue } from '../problem.ts';

/** More than these would hide the rest, and cost more than the request. */
const ERRORS_MAX = 20;
const MESSAGE_CHARACTERS_MAX = 200;

/** The parameters of a path. A value that cannot exist is answered like one that does not. */
export function readParams(schema: z.ZodObject, params: Readonly<Record<string, string>>): unknown {
  const read = schema.safeParse(params);
  if (!read.success) throw new ApiProblem('NOT_FOUND');
  return read.data;
}

/** Every parameter at most once, and none that the route does not name. */
export function readQuery(schema: z.ZodObject, query: URLSearchParams): unknown {
  const values: Record<string, string> = Object.create(null) as Record<string, string>;
  const errors: InvalidValue[] = [];
  for (const [name, value] of query) {
    if (name in values) errors.push({ in: 'query', pointer: pointerOf([name]), message: 'is given twice' });
    values[name] = value;
  }
  return read(schema, { ...values }, 'query', errors);
}

/** An absent body is an empty object, so that a change without details needs none. */
export function readBody(schema: z.ZodObject | undefined, body: unknown): unknown {
  if (schema !== undefined) return read(schema, body ?? {}, 'body', []);
  if (body === undefined) return undefined;
  throw new ApiProblem('INVALID_REQUEST', { detail: 'This request takes no body.' });
}

function read(schema: z.ZodType, value: unknown, where: 'query' | 'body', found: readonly InvalidValue[]): unknown {
  const result = strict(schema).safeParse(value);
  const errors = [...found, ...(result.success ? [] : result.error.issues.flatMap((issue) => invalid(issue, where)))];
  if (errors.length > 0)
    throw new ApiProblem('INVALID_ARGUMENT', {
      detail: `The ${where} is not valid.`,
      errors: errors.slice(0, ERRORS_MAX),
    });
  return result.data;
}

/** A declaration that forgot to be strict is strict nevertheless. */
const strict = (schema: z.ZodType): z.ZodType => (schema instanceof z.ZodObject ? schema.strict() : schema);

function invalid(issue: z.core.$ZodIssue, where: 'query' | 'body'): InvalidValue[] {
  if (issue.code === 'unrecognized_keys')
    return issue.keys.map((key) => ({ in: where, pointer: pointerOf([...issue.path, key]), message: 'is not known' }));
  return [{ in: where, pointer: pointerOf(issue.path), message: issue.message.slice(0, MESSAGE_CHARACTERS_MAX) }];
}

const POINTER_CHARACTERS_MAX = 200;

/** RFC 6901. Names may be the caller's own, so the text is bounded. */
const pointerOf = (path: readonly PropertyKey[]): string =>
  path
    .map((part) => `/${String(part).replaceAll('~', '~0').replaceAll('/', '~1')}`)
    .join('')
    .slice(0, POINTER_CHARACTERS_MAX);
