/** REST operations as tools of a server of one's own. */
import type { JsonObject, MaybePromise } from '@sallyport/guard';
import type { ApprovalText } from '../approval.ts';
import type { CallContext } from '../call-context.ts';
import { ToolError } from '../errors.ts';
import type { LimitText } from '../limit-text.ts';
import type { Permission } from '../permission.ts';
import { tool, type Tool, type ToolAnswer } from '../tool.ts';
import { toolContents } from '../tool-contents.ts';
import { answerOf, type RestAnswer, type RestResponse } from './answer.ts';
import { ArgumentError } from './argument-error.ts';
import type { RestTool } from './binding.ts';
import { toolsOf, type Choice } from './from-document.ts';
import { operationMeta } from './operation-meta.ts';
import type { OpenApiDocument } from './read-document.ts';
import { requestOf, type RestCredential, type RestRequest } from './request.ts';

/**
 * What sends requests: `http` of `@sallyport/server/http` does.
 *
 * @example
 * ```ts
 * const sender: RestSender = http('https://crm.internal/api', { internal: true });
 * ```
 */
export interface RestSender {
  send(call: Pick<CallContext, 'signal'>, request: RestRequest): Promise<RestResponse>;
}

/**
 * Which operations become tools, who may use them, and how their requests are sent.
 *
 * @example
 * ```ts
 * const options: FromOpenApi = {
 *   allow: ['getCustomer'], http: http('https://crm.internal/api', { internal: true }),
 *   permission: 'customers:read', credentials: { apiKey: () => readSecret('crm') },
 * };
 * ```
 */
export interface FromOpenApi extends Omit<Choice, 'credentials'> {
  readonly http: RestSender;
  /** Of all tools, or of each. */
  readonly permission: Permission<JsonObject> | ((tool: RestTool) => Permission<JsonObject>);
  /** Credentials of this server by security scheme, or what reads them for each request. The caller's is never sent. */
  readonly credentials?: Readonly<Record<string, RestCredential | (() => MaybePromise<RestCredential>)>>;
  readonly labels?: readonly string[];
  readonly limit?: LimitText;
  /** Who must approve calls of a tool. */
  readonly approval?: (tool: RestTool) => ApprovalText | undefined;
  /** Bytes that the text of an answer may have before it is trimmed; 64 KiB when absent. */
  readonly trimBytes?: number;
}

const TRIM_BYTES = 64 * 1024;

/**
 * The operations that are listed, as tools: nothing else of the document can be called.
 *
 * @param document OpenAPI 3.0, 3.1 or 3.2: its text (JSON or YAML), or what `readDocument` gave.
 * @throws DocumentError for an operation that is not there or cannot become a tool.
 * @example
 * ```ts
 * const tools = fromOpenApi(await readFile('crm.openapi.yaml', 'utf8'), options);
 * await secureServer({ name: 'crm', version: '1.0.0', tools }).listen();
 * ```
 */
export function fromOpenApi(document: string | OpenApiDocument, options: FromOpenApi): readonly Tool[] {
  const { credentials = {}, http: _http, permission: _permission, ...choice } = options;
  return toolsOf(document, { ...choice, credentials: Object.keys(credentials) }).tools.map((rest) =>
    asTool(rest, options),
  );
}

function asTool(rest: RestTool, options: FromOpenApi): Tool {
  const { permission, labels, limit, approval } = options;
  const demand = approval?.(rest);
  return tool({
    name: rest.name,
    ...(rest.title !== undefined && { title: rest.title }),
    description: rest.description,
    input: rest.inputSchema,
    ...(rest.outputSchema !== undefined && { output: rest.outputSchema }),
    effect: rest.effect,
    idempotent: rest.annotations['idempotentHint'] === true,
    permission: typeof permission === 'function' ? permission(rest) : permission,
    ...(labels !== undefined && { labels }),
    ...(limit !== undefined && { limit }),
    ...(demand !== undefined && { approval: demand }),
    meta: operationMeta(rest),
    run: ({ input, signal }) => run(rest, options, input as JsonObject, signal) as never,
  });
}

async function run(
  { operation }: RestTool,
  { http, credentials = {}, trimBytes = TRIM_BYTES }: FromOpenApi,
  input: JsonObject,
  signal: AbortSignal,
): Promise<ToolAnswer> {
  const read = await credentialsFor(
    operation.auth.map(({ scheme }) => scheme),
    credentials,
  );
  const response = await http.send(
    { signal },
    encoded(() => requestOf(operation, input, read)),
  );
  const secrets = [...read.values()].map((credential) =>
    typeof credential === 'string' ? credential : credential.password,
  );
  const answer = answerOf(operation, response, { bytesMax: trimBytes, secrets });
  if (!('code' in answer)) return contentsOf(answer);
  const { code, message, suggestion, retryAfter } = answer;
  throw new ToolError(code, message, {
    ...(suggestion !== undefined && { suggestion }),
    ...(retryAfter !== undefined && { retryAfter }),
  });
}

async function credentialsFor(
  schemes: readonly string[],
  credentials: NonNullable<FromOpenApi['credentials']>,
): Promise<ReadonlyMap<string, RestCredential>> {
  const entries = schemes.map(async (scheme): Promise<[string, RestCredential]> => {
    const credential = credentials[scheme] as RestCredential | (() => MaybePromise<RestCredential>);
    return [scheme, typeof credential === 'function' ? await credential() : credential];
  });
  return new Map(await Promise.all(entries));
}

function encoded(make: () => RestRequest): RestRequest {
  try {
    return make();
  } catch (thrown) {
    if (!(thrown instanceof ArgumentError)) throw thrown;
    throw new ToolError('INVALID_ARGUMENT', thrown.message, { suggestion: 'Correct it and call again.' });
  }
}

function contentsOf({ text, structured, note, media }: RestAnswer): ToolAnswer {
  const first: JsonObject = media === undefined ? { type: 'text', text } : { ...media };
  const blocks = [first, ...(note === undefined ? [] : [{ type: 'text', text: note }])];
  return toolContents(blocks, structured);
}
