/** What handlers get. */
import type { JsonObject } from '@sallyport/guard';
import type { CallContext } from './call-context.ts';
import type { HttpAnswer, HttpRequestOptions, SafePath } from './http/index.ts';
import type { Schema, SchemaOutput } from './schema.ts';

/**
 * What a handler knows of its call, and what it can do while it runs.
 *
 * @example
 * ```ts
 * const remove = async ({ input, ask }: HandlerCall<{ readonly id: string }>): Promise<string> => {
 *   await ask(`Delete ${input.id}?`, { type: 'object', properties: {} });
 *   return 'deleted';
 * };
 * ```
 */
export interface HandlerCall<Input> extends CallContext {
  /** Checked against the published schema, then by the library of the schema. */
  readonly input: Input;
  /** In every record and error of the call. */
  readonly correlationId: string;
  /**
   * Sends a request to the system that the server was given as `http`: paths are made with `path`, so that nothing in
   * an input leaves its place, and the request ends with the call.
   *
   * @throws ToolError `TIMEOUT`, `CANCELLED` or `UPSTREAM_FAILED`.
   */
  fetch(target: SafePath, request?: FetchRequest): Promise<HttpAnswer>;
  /** Tells a caller who wants to know how far the call is. `total` and `message` may be left out. */
  progress(done: number, total?: number, message?: string): void;
  /** Writes a line into the log of the client, if it wants lines of this level. */
  log(level: ClientLogLevel, data: string | JsonObject): void;
  /**
   * Asks the user of the client. Works with clients of every revision that can ask their user.
   *
   * @param answer a flat object: its members are texts, numbers, yes or no, or choices.
   * @param name of the question, for clients that answer by themselves; a number when left out.
   * @throws ToolError `DECLINED` when the user says no, `CANNOT_ASK` when the client cannot ask.
   */
  ask<const A extends Schema>(message: string, answer: A, name?: string): Promise<SchemaOutput<A>>;
  /**
   * Asks the model of the client.
   *
   * @param request params of `sampling/createMessage`: messages and maxTokens at least.
   * @returns its result.
   * @throws ToolError `DECLINED`, or `CANNOT_ASK` when the client has no model for servers.
   */
  sample(request: JsonObject): Promise<JsonObject>;
  /** The folders that the client works in. @throws ToolError `CANNOT_ASK` when the client names none. */
  roots(): Promise<readonly JsonObject[]>;
}

/**
 * A request of `fetch`; `get` when no method is named.
 *
 * @example
 * ```ts
 * const request: FetchRequest = { method: 'post', json: { name: 'Ada' } };
 * ```
 */
export interface FetchRequest extends HttpRequestOptions {
  readonly method?: 'get' | 'post' | 'put' | 'patch' | 'delete';
}

/**
 * Levels of the client's log (RFC 5424).
 *
 * @example
 * ```ts
 * const level: ClientLogLevel = 'info';
 * ```
 */
export type ClientLogLevel = 'debug' | 'info' | 'notice' | 'warning' | 'error' | 'critical' | 'alert' | 'emergency';
