/** Prompts: texts that a person chooses, with arguments. */
import { isObject, type JsonObject, type MaybePromise } from '@sallyport/guard';
import type { HandlerCall } from './handler.ts';
import { checkedItem, checkName, documentOf, type Item, type ItemOptions } from './item.ts';
import { checkPermission } from './permission.ts';
import type { Complete } from './resource.ts';
import { prepareSchema, type PreparedSchema, type Schema, type SchemaOutput } from './schema.ts';
import { parsedNow } from './tool.ts';

/**
 * What a prompt becomes: one text of the user, or messages (MCP, schema, `PromptMessage`).
 *
 * @example
 * ```ts
 * const answer: PromptAnswer = [{ role: 'user', content: { type: 'text', text: 'Summarise it.' } }];
 * ```
 */
export type PromptAnswer = string | readonly JsonObject[];

/**
 * A prompt as its author writes it.
 *
 * @example
 * ```ts
 * const nameOf = ({ name }: PromptOptions<JsonObject>): string => name;
 * ```
 */
export interface PromptOptions<I extends Schema> extends ItemOptions<SchemaOutput<I>> {
  readonly name: string;
  readonly description: string;
  /** Of the arguments, which are texts. */
  readonly input: I;
  readonly complete?: Readonly<Record<string, Complete>>;
  readonly run: (call: HandlerCall<SchemaOutput<I>>) => MaybePromise<PromptAnswer>;
}

/**
 * A prompt that was checked, for `secureServer`.
 *
 * @example
 * ```ts
 * const names = (prompts: readonly Prompt[]): readonly string[] => prompts.map(({ name }) => name);
 * ```
 */
export interface Prompt extends Item {
  readonly kind: 'prompt';
  readonly description: string;
  readonly input: PreparedSchema;
  readonly complete: Readonly<Record<string, Complete>>;
  readonly run: (call: HandlerCall<never>) => MaybePromise<PromptAnswer>;
}

/**
 * Checks a prompt when it is defined.
 *
 * @throws RangeError for a name that MCP does not allow, a schema or permission that cannot be used, or a completion of
 * an argument that does not exist.
 * @example
 * ```ts
 * const summary = prompt({
 *   name: 'summarise_customer', description: 'Summarises one customer.', permission: 'customers:read',
 *   input: { type: 'object', properties: { id: { type: 'string', maxLength: 20 } }, required: ['id'] },
 *   run: ({ input }) => `Summarise the customer ${String(input['id'])}.`,
 * });
 * ```
 */
export function prompt<const I extends Schema>(options: PromptOptions<I>): Prompt {
  const { name, description, labels = [], permission, complete = {} } = options;
  checkName(name, 'prompt');
  const what = `prompt ${name}`;
  const input = prepareSchema(options.input, 'input', `${what}: the input schema`);
  checkPermission(permission, what);
  const published = argumentsOf(input.document);
  const unknown = Object.keys(complete).find((key) => !published.some((argument) => argument['name'] === key));
  if (unknown !== undefined) throw new RangeError(`${what}: there is no argument ${unknown} to complete`);
  return checkedItem({
    kind: 'prompt' as const,
    name,
    description,
    labels,
    permission,
    inputOf: (args: JsonObject) => parsedNow(input, args),
    input,
    complete,
    run: options.run as Prompt['run'],
    document: documentOf({
      name,
      title: options.title,
      description,
      arguments: published.length === 0 ? undefined : published,
      _meta: options.meta,
    }),
  });
}

/** Prompts publish names, descriptions and what is required; the schema is checked by the server. */
function argumentsOf({ properties, required }: JsonObject): readonly JsonObject[] {
  const needed = Array.isArray(required) ? required : [];
  return Object.entries(isObject(properties) ? properties : {}).map(([name, schema]) =>
    documentOf({
      name,
      title: isObject(schema) ? schema['title'] : undefined,
      description: isObject(schema) ? schema['description'] : undefined,
      required: needed.includes(name),
    }),
  );
}
