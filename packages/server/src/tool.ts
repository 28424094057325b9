/** What a server author writes: a tool with schemas, an effect, a permission, and a function. */
import type { Json, JsonObject, MaybePromise } from '@sallyport/guard';
import { readApproval, type ApprovalText } from './approval.ts';
import { annotationsOf, EFFECTS, type Effect } from './effects.ts';
import type { HandlerCall } from './handler.ts';
import { checkedItem, checkName, documentOf, type Item, type ItemOptions } from './item.ts';
import { readLimit, type LimitText } from './limit-text.ts';
import { checkPermission } from './permission.ts';
import { prepareSchema, type PreparedSchema, type Schema, type SchemaInput, type SchemaOutput } from './schema.ts';
import type { ToolContents } from './tool-contents.ts';

/**
 * What a tool without an output schema answers: text, an object that JSON can hold, or {@link toolContents}.
 *
 * @example
 * ```ts
 * const answer: ToolAnswer = { found: 3 };
 * ```
 */
export type ToolAnswer = string | ToolContents | Readonly<Record<string, unknown>>;

/**
 * A tool as its author writes it.
 *
 * @example
 * ```ts
 * const nameAndText = ({ name, description }: ToolOptions<JsonObject, undefined>): string => `${name}: ${description}`;
 * ```
 */
export interface ToolOptions<I extends Schema, O extends Schema | undefined> extends ItemOptions<SchemaOutput<I>> {
  /** 1 to 128 of `A-Za-z0-9_.-`; a verb first, in snake_case. */
  readonly name: string;
  /** What it does and when to use it, for the model. */
  readonly description: string;
  /**
   * Of the arguments: a schema of Zod 4 or of another Standard Schema library, or JSON Schema 2020-12. Arguments that
   * it does not declare are refused. References must stay inside the schema, and patterns use RE2 syntax.
   */
  readonly input: I;
  /** Of the result. What does not match it is never sent. */
  readonly output?: O;
  /** What it does to the world; clients get it as annotations. */
  readonly effect: Effect;
  /** Whether a second call with the same arguments changes nothing more; as the effect says when absent. */
  readonly idempotent?: boolean;
  /** Instead of the limit of the server, such as `60/min` of one user. */
  readonly limit?: LimitText;
  /** Who must approve each call first. */
  readonly approval?: ApprovalText;
  /** Arguments that are valid; they are checked when the tool is defined, and models read them. */
  readonly examples?: readonly SchemaInput<I>[];
  /** A `ui://` resource that shows the result (MCP Apps). */
  readonly app?: string;
  /** Whether clients that know tasks get one, and ask for the result later. Others wait for it, with progress. */
  readonly task?: boolean;
  /**
   * Throw a ToolError for what the model can act on. Every other error goes to `onError`, and the caller learns a
   * correlation id. The whole result is at most 1 MiB.
   */
  readonly run: (
    call: HandlerCall<SchemaOutput<I>>,
  ) => MaybePromise<[O] extends [Schema] ? SchemaInput<O> : ToolAnswer>;
}

/**
 * A tool that was checked, for `secureServer`.
 *
 * @example
 * ```ts
 * const names = (tools: readonly Tool[]): readonly string[] => tools.map(({ name }) => name);
 * ```
 */
export interface Tool extends Item {
  readonly kind: 'tool';
  readonly effect: Effect;
  readonly input: PreparedSchema;
  readonly output: PreparedSchema | undefined;
  readonly examples: readonly Json[];
  readonly task: boolean;
  readonly run: (call: HandlerCall<never>) => unknown;
}

/** Of the rule `name-shape`, what the type checker can say: a name that is known then has no capitals. */
type LowerCaseName<N extends string> = string extends N ? unknown : N extends Lowercase<N> ? unknown : never;

/**
 * Checks a tool when it is defined, not when it is first called.
 *
 * @throws RangeError for a name that MCP does not allow, schemas that cannot be used, examples that do not match, and
 * an effect, permission, limit or approval that is none.
 * @example
 * ```ts
 * const greet = tool({
 *   name: 'greet_person', description: 'Greets one person by name.', effect: 'read', permission: 'everyone',
 *   input: { type: 'object', properties: { name: { type: 'string', maxLength: 80 } }, required: ['name'] },
 *   run: ({ input }) => `Hello, ${String(input['name'])}`,
 * });
 * ```
 */
export function tool<
  const I extends Schema,
  const O extends Schema | undefined = undefined,
  const N extends string = string,
>(options: ToolOptions<I, O> & { readonly name: N & LowerCaseName<N> }): Tool {
  const { name, effect, labels = [], examples = [], app } = options;
  checkName(name, 'tool');
  const what = `tool ${name}`;
  const input = prepareSchema(options.input, 'input', `${what}: the input schema`);
  const output = options.output && prepareSchema(options.output, 'output', `${what}: the output schema`);
  if (!EFFECTS.includes(effect)) throw new RangeError(`${what}: effect must be one of ${EFFECTS.join(', ')}`);
  checkPermission(options.permission, what);
  if (options.limit !== undefined) readLimit(options.limit, what);
  if (options.approval !== undefined) readApproval(options.approval, what);
  const arguments_ = examples as readonly Json[];
  for (const [index, example] of arguments_.entries()) checkExample(input, example, `${what}: example ${index + 1}`);
  const meta = app === undefined ? options.meta : { ...options.meta, ui: { resourceUri: app } };
  return checkedItem({
    kind: 'tool' as const,
    name,
    labels,
    effect,
    permission: options.permission,
    ...(options.limit !== undefined && { limit: options.limit }),
    ...(options.approval !== undefined && { approval: options.approval }),
    inputOf: (args: JsonObject) => parsedNow(input, args),
    input,
    output,
    examples: arguments_,
    task: options.task === true,
    run: options.run as Tool['run'],
    document: documentOf({
      name,
      title: options.title,
      description: options.description,
      inputSchema: withExamples(input.document, arguments_),
      outputSchema: output?.document,
      annotations: {
        ...annotationsOf(effect, options.idempotent),
        ...(options.title !== undefined && { title: options.title }),
      },
      execution: options.task === true ? { taskSupport: 'optional' } : undefined,
      _meta: meta,
    }),
  });
}

function checkExample({ check, parse }: PreparedSchema, example: Json, what: string): void {
  const [fault] = check(example);
  if (fault !== undefined) throw new RangeError(`${what} does not match the schema: ${fault.path} ${fault.message}`);
  const parsed = parse(example);
  if (!(parsed instanceof Promise) && parsed.faults !== undefined)
    throw new RangeError(`${what} does not match the schema: ${parsed.faults[0]}`);
}

const withExamples = (schema: JsonObject, examples: readonly Json[]): JsonObject =>
  examples.length === 0 ? schema : { ...schema, examples };

/** @throws Error for input that the library refuses, and for a library that answers later. */
export function parsedNow({ parse }: PreparedSchema, input: JsonObject): unknown {
  const parsed = parse(input);
  if (parsed instanceof Promise)
    throw new Error('a permission that depends on the input needs a schema without promises');
  if (parsed.faults !== undefined) throw new Error(parsed.faults[0]);
  return parsed.value;
}
