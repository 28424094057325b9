/** `resources/read`, `prompts/get` and `completion/complete`. */
import { asObject, GuardError, type Json, type JsonObject, type McpResult, type Permitted } from '@sallyport/guard';
import { ToolError } from '../errors.ts';
import type { Prompt } from '../prompt.ts';
import type { Complete, Resource, ResourceContent, ResourceTemplate } from '../resource.ts';
import { handlerCall, type HandlerDeps } from './handler-call.ts';
import type { HandlerRun } from './handler-run.ts';
import { parsedInput } from './parsed-input.ts';

/** @throws GuardError `not_found` for a URI whose variables do not match, or what the author threw. */
export async function readResource(
  deps: HandlerDeps,
  item: Resource | ResourceTemplate,
  run: HandlerRun,
): Promise<McpResult> {
  const uri = String(run.permitted.call.params['uri']);
  const content =
    item.kind === 'resource'
      ? await failing(run, () => item.read(handlerCall(deps, run, undefined)))
      : await readTemplated(deps, item, run, uri);
  const meta = item.kind === 'resource' && item.contentMeta !== undefined ? { _meta: item.contentMeta } : {};
  return { value: { contents: [{ uri, ...contentsOf(content, item.mimeType), ...meta }] } };
}

async function readTemplated(
  deps: HandlerDeps,
  item: ResourceTemplate,
  run: HandlerRun,
  uri: string,
): Promise<ResourceContent> {
  const variables = item.template.match(uri);
  if (variables === undefined || item.input.check(variables).length > 0) throw new GuardError('not_found');
  const input = await parsedInput(item.input, variables).catch((cause: unknown) => {
    throw new GuardError('not_found', { cause });
  });
  return failing(run, () => item.read(handlerCall(deps, run, input) as never));
}

function contentsOf(content: ResourceContent, mimeType: string | undefined): JsonObject {
  if (typeof content === 'string') return { mimeType: mimeType ?? 'text/plain', text: content };
  if (content instanceof Uint8Array)
    return { mimeType: mimeType ?? 'application/octet-stream', blob: Buffer.from(content).toString('base64') };
  return { mimeType: mimeType ?? 'application/json', text: JSON.stringify(content) };
}

/** @throws GuardError `invalid_input` for arguments that the schema refuses, or what the author threw. */
export async function getPrompt(deps: HandlerDeps, item: Prompt, run: HandlerRun): Promise<McpResult> {
  const args = asObject(run.permitted.call.params['arguments']);
  const [fault] = item.input.check(args);
  if (fault !== undefined) throw new GuardError('invalid_input', { message: `${fault.path} ${fault.message}.` });
  const input = await parsedInput(item.input, args);
  const answer = await failing(run, () => item.run(handlerCall(deps, run, input) as never));
  const messages =
    typeof answer === 'string' ? [{ role: 'user', content: { type: 'text', text: answer } }] : (answer as Json);
  return { value: { description: item.description, messages } };
}

/** Runs a handler whose failures are errors of the protocol: a ToolError keeps its text and its code. */
async function failing<R>(run: HandlerRun, handle: () => R | Promise<R>): Promise<R> {
  const over = new Promise<never>((_resolve, reject) =>
    run.signal.addEventListener('abort', () => reject(run.signal.reason as Error), { once: true }),
  );
  try {
    return await Promise.race([handle(), over]);
  } catch (thrown) {
    if (run.timeLimit.signal.aborted) throw new GuardError('upstream_timeout', { cause: thrown });
    if (thrown instanceof GuardError) throw thrown;
    if (!(thrown instanceof ToolError)) throw new GuardError('internal', { cause: thrown });
    if (thrown.cause instanceof GuardError) throw thrown.cause;
    throw new GuardError(thrown.code === 'NOT_FOUND' ? 'not_found' : 'upstream_failed', {
      message: thrown.message,
      data: { author_code: thrown.code },
      ...(thrown.suggestion !== undefined && { suggestion: thrown.suggestion }),
      ...(thrown.retryAfter !== undefined && { retryAfterSeconds: thrown.retryAfter }),
    });
  }
}

const VALUES_MAX = 100;

/** Suggestions for one argument of a prompt or template; none where the author gives none. */
export async function completeArgument(
  complete: Readonly<Record<string, Complete>>,
  { call, principal, tenant }: Permitted,
): Promise<McpResult> {
  const { name, value } = asObject(call.params['argument']);
  const given = asObject(asObject(call.params['context'])['arguments']);
  const suggest = Object.hasOwn(complete, String(name)) ? complete[String(name)] : undefined;
  const others = given as Readonly<Record<string, string>>;
  const found = (await suggest?.({ principal, tenant, signal: call.signal, value: String(value), others })) ?? [];
  const values = found.slice(0, VALUES_MAX).map(String);
  return { value: { completion: { values, total: found.length, hasMore: found.length > values.length } } };
}
