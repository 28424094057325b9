/**
 * How the arguments of one tool become a request: plain data, made once from the document. Its digest is part of the
 * tool's definition, so that a document that sends the same arguments elsewhere is another definition.
 */
import type { JsonObject } from '@sallyport/guard';
import type { Effect } from '../effects.ts';

/**
 * How a list or an object is written in one place (OpenAPI 3.2, section 4.12.2).
 *
 * @example
 * ```ts
 * const isNested = (style: Style): boolean => style === 'deepObject';
 * ```
 */
export type Style =
  | 'simple'
  | 'label'
  | 'matrix'
  | 'form'
  | 'spaceDelimited'
  | 'pipeDelimited'
  | 'deepObject'
  | 'cookie'
  | 'json';

/**
 * A place of the request that one argument fills.
 *
 * @example
 * ```ts
 * const id: ParameterBinding = {
 *   argument: 'id', name: 'id', in: 'path', style: 'simple', explode: false, required: true,
 * };
 * ```
 */
export interface ParameterBinding {
  /** Name of the argument. */
  readonly argument: string;
  /** Name in the request. */
  readonly name: string;
  readonly in: 'path' | 'query' | 'header' | 'cookie';
  readonly style: Style;
  readonly explode: boolean;
  readonly required: boolean;
}

/**
 * A member of a form.
 *
 * @example
 * ```ts
 * const part: PartBinding = { style: 'form', explode: true, contentType: 'image/png', isBytes: true };
 * ```
 */
export interface PartBinding {
  readonly style: Style;
  readonly explode: boolean;
  /** Of a part of `multipart/form-data`; empty: what its value calls for. */
  readonly contentType: string;
  /** The argument holds base64, and its bytes are sent. */
  readonly isBytes: boolean;
}

/**
 * The body of the request.
 *
 * @example
 * ```ts
 * const isForm = ({ kind }: BodyBinding): boolean => kind === 'form' || kind === 'multipart';
 * ```
 */
export interface BodyBinding {
  readonly kind: 'json' | 'form' | 'multipart' | 'text' | 'bytes';
  readonly contentType: string;
  readonly required: boolean;
  /** The argument that is the body, or the arguments that are its members: pairs of argument and name. */
  readonly argument?: string;
  readonly members?: readonly (readonly [argument: string, name: string])[];
  /** How members of a form are written that differ from the others. */
  readonly parts: Readonly<Record<string, PartBinding>>;
}

/**
 * A credential that the operation needs: a security scheme of the document.
 *
 * @example
 * ```ts
 * const key: AuthBinding = { scheme: 'apiKey', in: 'header', name: 'x-api-key', kind: 'value' };
 * ```
 */
export interface AuthBinding {
  /** Name of the scheme in the document; credentials are given under it. */
  readonly scheme: string;
  readonly in: 'header' | 'query' | 'cookie';
  readonly name: string;
  /** As it is, after `Bearer `, or as user and password after `Basic `. */
  readonly kind: 'value' | 'bearer' | 'basic';
}

/**
 * How an answer becomes structured content: the whole answer, or one member that holds it. `none`: text only.
 *
 * @example
 * ```ts
 * const hasSchema = (shape: AnswerShape): boolean => shape !== 'none';
 * ```
 */
export type AnswerShape = 'object' | 'items' | 'value' | 'none';

/**
 * One operation as requests to it are made and answers from it are read.
 *
 * @example
 * ```ts
 * const line = ({ method, template }: OperationBinding): string => `${method} ${template}`;
 * ```
 */
export interface OperationBinding {
  readonly method: string;
  /** The path as the document writes it. */
  readonly template: string;
  readonly parameters: readonly ParameterBinding[];
  readonly body?: BodyBinding;
  readonly auth: readonly AuthBinding[];
  /** Values that the operator set: sent always, and no arguments. */
  readonly fixed: Readonly<Record<string, string>>;
  readonly answer: AnswerShape;
  /** Media types that a successful answer may have, in lower case, `*` for a part; none: JSON and text. */
  readonly accepts: readonly string[];
}

/**
 * A REST operation as a tool.
 *
 * @example
 * ```ts
 * const document = ({ name, description, inputSchema }: RestTool): JsonObject => ({ name, description, inputSchema });
 * ```
 */
export interface RestTool {
  readonly name: string;
  readonly title?: string;
  readonly description: string;
  /** JSON Schema 2020-12. */
  readonly inputSchema: JsonObject;
  readonly outputSchema?: JsonObject;
  readonly effect: Effect;
  /** Of MCP: hints that follow from effect and HTTP method (RFC 9110, section 9.2). */
  readonly annotations: JsonObject;
  readonly operation: OperationBinding;
}
