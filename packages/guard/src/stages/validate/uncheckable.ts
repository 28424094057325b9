/** Which schema of a tool cannot be checked, so that an operator learns it from a list and not from a refused call. */
import type { JsonObject } from '../../call.ts';
import { compileSchema } from './compile.ts';

/**
 * Why every call of a tool is refused; `undefined` when both of its schemas can be checked.
 *
 * @param document the definition of the tool.
 *
 * @example
 * ```ts
 * const why = whyUncheckable({ name: 't', inputSchema: { type: 'object', $ref: 'https://a.test/s' } });
 * ```
 */
export function whyUncheckable(document: JsonObject): string | undefined {
  for (const [member, which] of [
    ['inputSchema', 'input'],
    ['outputSchema', 'output'],
  ] as const) {
    const schema = document[member];
    if (schema === undefined) continue;
    try {
      compileSchema(schema);
    } catch (thrown) {
      return `its ${which} schema cannot be checked: ${thrown instanceof Error ? thrown.message : String(thrown)}`;
    }
  }
  return undefined;
}
