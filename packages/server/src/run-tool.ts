/** What stands behind the guard here: the tool itself, for a bounded time, and its answer as a tool result. */
import { GuardError, spendPermit, type JsonObject, type McpResult, type Permit } from '@sallyport/guard';
import { ToolError } from './errors.ts';
import type { Tool } from './tool.ts';

/** @throws GuardError `upstream_failed` or `upstream_timeout`, with what happened as its cause. */
export async function runTool(tools: ReadonlyMap<string, Tool>, permit: Permit, timeoutMs: number): Promise<McpResult> {
  const { call, principal, tenant } = spendPermit(permit);
  const found = tools.get('name' in call.target ? call.target.name : '');
  if (found === undefined) throw new GuardError('not_found');
  const late = new AbortController();
  const timer = setTimeout(() => late.abort(new Error(`the tool ran longer than ${timeoutMs} ms`)), timeoutMs);
  const signal = AbortSignal.any([call.signal, late.signal]);
  try {
    return resultOf(
      await Promise.race([
        found.run((call.params['arguments'] ?? {}) as JsonObject, { principal, tenant, signal }),
        rejectionOf(late.signal),
      ]),
    );
  } catch (thrown) {
    if (thrown instanceof ToolError)
      return { value: { content: [{ type: 'text', text: thrown.message }], isError: true } };
    if (late.signal.aborted)
      throw new GuardError('upstream_timeout', {
        message: 'The tool did not finish in time. It may have taken effect.',
        cause: thrown,
      });
    throw thrown instanceof GuardError
      ? thrown
      : new GuardError('upstream_failed', { message: 'The tool failed.', cause: thrown });
  } finally {
    clearTimeout(timer);
  }
}

const rejectionOf = (late: AbortSignal): Promise<never> =>
  new Promise((_resolve, reject) => late.addEventListener('abort', () => reject(late.reason as Error), { once: true }));

/** Judged by what JSON makes of it, because that is what the client gets: `undefined`, a list or a Map is no answer. */
function resultOf(answer: string | JsonObject): McpResult {
  if (typeof answer === 'string') return { value: { content: [{ type: 'text', text: answer }] } };
  const text = JSON.stringify(answer) as string | undefined;
  const value: unknown = text === undefined ? undefined : JSON.parse(text);
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw new TypeError('a tool returns text or an object that JSON can hold');
  return { value: { content: [{ type: 'text', text: text as string }], structuredContent: value as JsonObject } };
}
