import { isObject } from '@sallyport/guard';
import { compileSchema } from '@sallyport/guard/stages';
import type { Rule } from '../rule.ts';

/** The schemas of a tool can be checked, and safely. */
export const schemaUsable: Rule = {
  id: 'schema-usable',
  severity: 'error',
  onlyOwn: false,
  check({ kind, document }) {
    if (kind !== 'tool') return [];
    return ['inputSchema', 'outputSchema'].flatMap((member) => {
      const schema = document[member];
      if (!isObject(schema)) return member === 'inputSchema' ? [{ at: '', message: 'There is no input schema.' }] : [];
      try {
        compileSchema(schema);
        return [];
      } catch (thrown) {
        return [{ at: `/${member}`, message: `The schema cannot be checked: ${(thrown as Error).message}.` }];
      }
    });
  },
};
