/**
 * Patterns of schemas run in linear time: RE2 syntax, by re2js, which has no backtracking. What RE2 cannot express
 * (back-references, look-around) does not compile, and a schema that does not compile refuses the call.
 */
import { RE2JS } from 're2js';

/** What ajv expects as `code.regExp`. */
export interface PatternEngine {
  (pattern: string, flags: string): { test(text: string): boolean };
  code: string;
}

/** RE2 for ajv. @throws Error for a pattern that RE2 cannot express. */
export const linearPatterns: PatternEngine = Object.assign(
  (pattern: string) => {
    const compiled = RE2JS.compile(translate(pattern));
    // Ajv identifies patterns by `toString`: without it, every pattern of a schema would be the first one.
    return { test: (text: string): boolean => compiled.matcher(text).find(), toString: () => pattern };
  },
  { code: 'linearPatterns' },
);

/**
 * ECMA-262 spellings that RE2 writes differently. `$` without flags means the very end, as RE2's does without `(?m)`.
 */
const translate = (pattern: string): string =>
  pattern.replace(
    /\\(?:u\{([0-9a-fA-F]+)\}|u([0-9a-fA-F]{4})|\/|[\s\S])/g,
    (whole, braced?: string, plain?: string) => {
      const hex = braced ?? plain;
      if (hex !== undefined) return `\\x{${hex}}`;
      return whole === '\\/' ? '/' : whole;
    },
  );
