/** Runs a tool that the guard permitted, for a bounded time, and returns its answer as a tool result. */
import {
  asObject,
  GuardError,
  isObject,
  spendPermit,
  type JsonObject,
  type McpResult,
  type Permit,
} from '@sallyport/guard';
import { ToolError } from './errors.ts';
import type { Tool } from './tool.ts';

/** @throws GuardError `upstream_failed` or `upstream_timeout`, with the error of the tool as its cause. */
export async function runTool(tools: ReadonlyMap<string, Tool>, permit: Permit, timeoutMs: number): Promise<McpResult> {
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
    if (thrown instanceof ToolError)
      return { value: { content: [{ type: 'text', text: thrown.message }], isError: true } };
    throw errorOf(thrown, timeout.signal);
  } finally {
    clearTimeout(timer);
  }
}

function errorOf(thrown: unknown, timeout: AbortSignal): GuardError {
  if (timeout.aborted)
    return new GuardError('upstream_timeout', {
      message: 'The tool did not finish in time. It may have taken effect.',
      cause: thrown,
    });
  if (thrown instanceof GuardError) return thrown;
  return new GuardError('upstream_failed', { message: 'The tool failed.', cause: thrown });
}

const rejectionOf = (signal: AbortSignal): Promise<never> =>
  new Promise((_resolve, reject) =>
    signal.addEventListener('abort', () => reject(signal.reason as Error), { once: true }),
  );

/** Checked as the JSON that the client will get: `undefined`, a list or a Map is not an answer. */
function resultOf(answer: string | JsonObject): McpResult {
  if (typeof answer === 'string') return { value: { content: [{ type: 'text', text: answer }] } };
  const text = JSON.stringify(answer) as string | undefined;
  const structuredContent: unknown = text === undefined ? undefined : JSON.parse(text);
  if (text === undefined || !isObject(structuredContent))
    throw new TypeError('a tool returns text or an object that JSON can hold');
  return { value: { content: [{ type: 'text', text }], structuredContent } };
}
