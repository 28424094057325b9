/** Runs a permitted tool for a bounded time, and makes its answer a tool result. */
import { asObject, GuardError, isObject, type Json, type JsonObject, type McpResult } from '@sallyport/guard';
import { ToolError } from '../errors.ts';
import type { PreparedSchema } from '../schema.ts';
import type { Tool } from '../tool.ts';
import { isToolContents } from '../tool-contents.ts';
import { handlerCall, type HandlerDeps } from './handler-call.ts';
import type { HandlerRun } from './handler-run.ts';
import { parsedInput } from './parsed-input.ts';
import { toolErrorResult } from './tool-error-result.ts';

/** @throws GuardError `invalid_input`, `upstream_timeout`, or `internal` with the error of the tool as its cause. */
export async function runTool(deps: HandlerDeps, tool: Tool, run: HandlerRun): Promise<McpResult> {
  const { call } = run.permitted;
  const input = await parsedInput(tool.input, asObject(call.params['arguments']));
  try {
    const answer = await Promise.race([tool.run(handlerCall(deps, run, input) as never), endOf(run)]);
    return { value: await resultOf(answer, tool.output) };
  } catch (thrown) {
    return { value: failureOf(thrown, run) };
  }
}

/** @returns the result for a failure that the author wrote for the model. @throws GuardError for every other one. */
function failureOf(thrown: unknown, run: HandlerRun): JsonObject {
  const { origin } = run.permitted.call;
  if (run.timeLimit.signal.aborted)
    throw new GuardError('upstream_timeout', {
      message: 'The tool did not finish in time. It may have taken effect.',
      cause: thrown,
    });
  if (thrown instanceof GuardError) throw thrown;
  if (!(thrown instanceof ToolError)) throw new GuardError('internal', { cause: thrown });
  // A modern client is told which capability it would have to declare.
  if (thrown.cause instanceof GuardError && origin.era === 'modern') throw thrown.cause;
  return toolErrorResult(thrown, origin.correlationId);
}

const endOf = ({ signal }: HandlerRun): Promise<never> =>
  new Promise((_resolve, reject) => {
    const end = (): void => reject(signal.reason as Error);
    if (signal.aborted) end();
    signal.addEventListener('abort', end, { once: true });
  });

async function resultOf(answer: unknown, output: PreparedSchema | undefined): Promise<JsonObject> {
  const blocks = isToolContents(answer) ? answer.blocks : undefined;
  const structured = isToolContents(answer) ? answer.structured : answer;
  if (output === undefined && typeof structured === 'string') return { content: [{ type: 'text', text: structured }] };
  if (output === undefined && structured === undefined && blocks !== undefined) return { content: blocks };
  const structuredContent = output === undefined ? asJson(structured) : await matching(output, structured);
  if (!isObject(structuredContent)) throw new TypeError('a tool returns text or an object that JSON can hold');
  const content = blocks ?? [{ type: 'text', text: JSON.stringify(structuredContent) }];
  return { content, structuredContent };
}

/** The library drops what its schema does not have; the published schema has the last word. */
async function matching(output: PreparedSchema, structured: unknown): Promise<Json> {
  const parsed = await output.parse(structured as Json);
  if (parsed.faults !== undefined) throw new TypeError(`the result does not match its schema: ${parsed.faults[0]}`);
  const value = asJson(parsed.value);
  const [fault] = output.check(value);
  if (fault !== undefined) throw new TypeError(`the result does not match its schema: ${fault.path} ${fault.message}`);
  return value;
}

/** Checked as the JSON that the client will get: `undefined`, a list or a Map is not an answer. */
function asJson(value: unknown): Json {
  const text = JSON.stringify(value) as string | undefined;
  if (text === undefined) throw new TypeError('a tool returns text or an object that JSON can hold');
  return JSON.parse(text) as Json;
}
