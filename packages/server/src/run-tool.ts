/** Runs a tool that the guard permitted, for a bounded time, and returns its answer as a tool result. */
import {
  asObject,
  errorText,
  GuardError,
  isObject,
  spendPermit,
  type JsonObject,
  type McpResult,
  type Permit,
} from '@sallyport/guard';
import { ToolError } from './errors.ts';
import { toolErrorResult } from './tool-error-result.ts';
import type { Tool } from './tool.ts';

/** @throws GuardError `upstream_failed` or `upstream_timeout`, with the error of the tool as its cause. */
export async function runTool(
  tools: ReadonlyMap<string, Tool>,
  permit: Permit,
  timeoutMs: number,
  errors: 'show' | 'hide',
): Promise<McpResult> {
  const { call, principal, tenant } = spendPermit(permit);
  const tool = tools.get('name' in call.target ? call.target.name : '');
  if (tool === undefined) throw new GuardError('not_found');
  const timeout = new AbortController();
  const timer = setTimeout(() => timeout.abort(new Error(`the tool ran longer than ${timeoutMs} ms`)), timeoutMs);
  const signal = AbortSignal.any([call.signal, timeout.signal]);
  try {
    const answer = tool.run(asObject(call.params['arguments']), { principal, tenant, signal });
    return resultOf(await Promise.race([answer, rejectionOf(timeout.signal)]));
  } catch (thrown) {
    if (thrown instanceof ToolError) return { value: toolErrorResult(thrown, call.origin.correlationId) };
    throw errorOf(thrown, timeout.signal, errors);
  } finally {
    clearTimeout(timer);
  }
}

function errorOf(thrown: unknown, timeout: AbortSignal, errors: 'show' | 'hide'): GuardError {
  if (timeout.aborted)
    return new GuardError('upstream_timeout', {
      message: 'The tool did not finish in time. It may have taken effect.',
      cause: thrown,
    });
  if (thrown instanceof GuardError) return thrown;
  // An answer that is none tells nothing to the model, only to the author of the tool.
  const isShown = errors === 'show' && thrown instanceof Error && !(thrown instanceof AnswerError);
  const text = isShown ? errorText(thrown.message) : '';
  return new GuardError('upstream_failed', {
    message: text === '' ? 'The tool failed.' : `The tool failed: ${text}`,
    cause: thrown,
  });
}

const rejectionOf = (signal: AbortSignal): Promise<never> =>
  new Promise((_resolve, reject) =>
    signal.addEventListener('abort', () => reject(signal.reason as Error), { once: true }),
  );

/** Checked as the JSON that the client will get: `undefined`, a list or a Map is not an answer. */
function resultOf(answer: string | JsonObject): McpResult {
  if (typeof answer === 'string') return { value: { content: [{ type: 'text', text: answer }] } };
  const text = jsonOf(answer);
  const structuredContent: unknown = text === undefined ? undefined : JSON.parse(text);
  if (text === undefined || !isObject(structuredContent))
    throw new AnswerError('a tool returns text or an object that JSON can hold');
  return { value: { content: [{ type: 'text', text }], structuredContent } };
}

function jsonOf(answer: JsonObject): string | undefined {
  try {
    return JSON.stringify(answer);
  } catch (cause) {
    throw new AnswerError('a tool returned what JSON cannot hold', { cause });
  }
}

/** A tool returned what is no answer. */
class AnswerError extends TypeError {}
