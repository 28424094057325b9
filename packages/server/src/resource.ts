/** Resources and resource templates: what clients read by its URI. */
import { uriFault, type JsonObject, type MaybePromise } from '@sallyport/guard';
import type { HandlerCall } from './handler.ts';
import { checkedItem, documentOf, type Item, type ItemOptions } from './item.ts';
import { checkPermission } from './permission.ts';
import { prepareSchema, type PreparedSchema, type Schema, type SchemaOutput } from './schema.ts';
import { parsedNow } from './tool.ts';
import { readTemplate, type UriTemplate } from './uri-template.ts';

/**
 * What a resource holds: text, bytes, or an object that is written as JSON.
 *
 * @example
 * ```ts
 * const content: ResourceContent = { open: 3 };
 * ```
 */
export type ResourceContent = string | Uint8Array | Readonly<Record<string, unknown>>;

/**
 * Suggestions for one argument, while a person writes it. At most 100 are sent.
 *
 * @example
 * ```ts
 * const cities: Complete = ({ value }) => ['Berlin', 'Bern'].filter((city) => city.startsWith(value));
 * ```
 */
export type Complete = (
  call: Pick<HandlerCall<unknown>, 'principal' | 'tenant' | 'signal'> & {
    /** What was written so far. */
    readonly value: string;
    /** The other arguments that are known. */
    readonly others: Readonly<Record<string, string>>;
  },
) => MaybePromise<readonly string[]>;

/**
 * A resource as its author writes it.
 *
 * @example
 * ```ts
 * const uriOf = ({ uri }: ResourceOptions): string => uri;
 * ```
 */
export interface ResourceOptions extends ItemOptions {
  readonly uri: string;
  readonly name: string;
  readonly description: string;
  /** `text/plain` for text, `application/octet-stream` for bytes, `application/json` for objects when absent. */
  readonly mimeType?: string;
  readonly read: (call: HandlerCall<undefined>) => MaybePromise<ResourceContent>;
}

/**
 * A resource that was checked, for `secureServer`.
 *
 * @example
 * ```ts
 * const uris = (resources: readonly Resource[]): readonly string[] => resources.map(({ name }) => name);
 * ```
 */
export interface Resource extends Item {
  readonly kind: 'resource';
  readonly mimeType: string | undefined;
  /** `_meta` of what is read. */
  readonly contentMeta: JsonObject | undefined;
  readonly read: (call: HandlerCall<undefined>) => MaybePromise<ResourceContent>;
}

const APP_TYPE = 'text/html;profile=mcp-app';

/**
 * A resource of a fixed URI. One whose URI begins with `ui://` is an MCP App: its type is that of apps unless it is
 * given, and `meta.ui` (its content security policy, its permissions) goes out with what is read.
 *
 * @throws RangeError for a URI that is not in normal form, or a permission that is none.
 * @example
 * ```ts
 * const terms = resource({
 *   uri: 'crm://terms', name: 'terms', description: 'The terms of service.', permission: 'everyone',
 *   read: () => 'Be kind.',
 * });
 * ```
 */
export function resource(options: ResourceOptions): Resource {
  const { uri, labels = [], permission, read, meta } = options;
  const fault = uriFault(uri);
  if (fault !== undefined) throw new RangeError(`resource ${uri}: the URI ${fault}`);
  checkPermission(permission, `resource ${uri}`);
  if (typeof permission !== 'string') throw new RangeError(`resource ${uri}: its permission cannot depend on input`);
  const isApp = uri.startsWith('ui://');
  const mimeType = options.mimeType ?? (isApp ? APP_TYPE : undefined);
  return checkedItem({
    kind: 'resource' as const,
    name: uri,
    labels,
    permission,
    mimeType,
    contentMeta: isApp ? meta : undefined,
    read,
    document: documentOf({
      uri,
      name: options.name,
      title: options.title,
      description: options.description,
      mimeType,
      _meta: meta,
    }),
  });
}

/**
 * A template as its author writes it.
 *
 * @example
 * ```ts
 * const templateOf = ({ uri }: ResourceTemplateOptions<JsonObject>): string => uri;
 * ```
 */
export interface ResourceTemplateOptions<I extends Schema>
  extends ItemOptions<SchemaOutput<I>>, Omit<ResourceOptions, 'uri' | 'read' | 'permission'> {
  /** RFC 6570, level 1: `crm://customers/{id}`. A variable is one part of the path. */
  readonly uri: string;
  /** Of the variables: an object of texts. */
  readonly input: I;
  readonly complete?: Readonly<Record<string, Complete>>;
  readonly read: (call: HandlerCall<SchemaOutput<I>>) => MaybePromise<ResourceContent>;
}

/**
 * A template that was checked, for `secureServer`.
 *
 * @example
 * ```ts
 * const matches = ({ template }: ResourceTemplate, uri: string): boolean => template.match(uri) !== undefined;
 * ```
 */
export interface ResourceTemplate extends Item {
  readonly kind: 'resource_template';
  readonly template: UriTemplate;
  readonly mimeType: string | undefined;
  readonly input: PreparedSchema;
  readonly complete: Readonly<Record<string, Complete>>;
  readonly read: (call: HandlerCall<never>) => MaybePromise<ResourceContent>;
}

/**
 * Resources whose URIs follow a template. What a variable may be is checked as the arguments of a tool are.
 *
 * @throws RangeError for a template or schema that cannot be used, or a completion of a variable that does not exist.
 * @example
 * ```ts
 * const customers = resourceTemplate({
 *   uri: 'crm://customers/{id}', name: 'customer', description: 'One customer.', permission: 'customers:read',
 *   input: { type: 'object', properties: { id: { type: 'string', pattern: '^CUST-[0-9]{5}$' } }, required: ['id'] },
 *   read: ({ input }) => ({ id: input['id'] }),
 * });
 * ```
 */
export function resourceTemplate<const I extends Schema>(options: ResourceTemplateOptions<I>): ResourceTemplate {
  const { uri, labels = [], permission, mimeType, complete = {} } = options;
  const what = `resource template ${uri}`;
  const template = readTemplate(uri, what);
  const input = prepareSchema(options.input, 'input', `${what}: the input schema`);
  checkPermission(permission, what);
  const unknown = Object.keys(complete).find((name) => !template.variables.includes(name));
  if (unknown !== undefined) throw new RangeError(`${what}: there is no variable ${unknown} to complete`);
  return checkedItem({
    kind: 'resource_template' as const,
    name: uri,
    labels,
    permission,
    inputOf: ({ uri: read }: JsonObject) => parsedNow(input, template.match(String(read)) ?? {}),
    template,
    mimeType,
    input,
    complete,
    read: options.read as ResourceTemplate['read'],
    document: documentOf({
      uriTemplate: uri,
      name: options.name,
      title: options.title,
      description: options.description,
      mimeType,
      _meta: options.meta,
    }),
  });
}
