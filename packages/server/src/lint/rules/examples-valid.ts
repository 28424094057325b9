import { isObject, type Json } from '@sallyport/guard';
import { compileSchema } from '@sallyport/guard/stages';
import type { Rule } from '../rule.ts';

/** Examples match the schema that they are in. */
export const examplesValid: Rule = {
  id: 'examples-valid',
  severity: 'error',
  onlyOwn: false,
  check({ kind, document }) {
    const schema = document['inputSchema'];
    if (kind !== 'tool' || !isObject(schema) || !Array.isArray(schema['examples'])) return [];
    try {
      const check = compileSchema(schema);
      return (schema['examples'] as readonly Json[]).flatMap((example, index) => {
        const [fault] = check(example);
        const at = `/inputSchema/examples/${index}`;
        return fault === undefined
          ? []
          : [{ at, message: `The example does not match: ${fault.path} ${fault.message}.` }];
      });
    } catch {
      // Another rule says so.
      return [];
    }
  },
};
