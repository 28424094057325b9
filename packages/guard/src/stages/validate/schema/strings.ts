/** `minLength`, `maxLength`, `pattern` and `format`. */
import { FORMATS } from '../formats.ts';
import type { Check } from './evaluation.ts';
import type { SchemaReader } from './schema-reader.ts';

const CHARACTERS_PER_STEP = 16;

/** All keywords about text. */
export const stringChecks = (schema: SchemaReader): readonly Check[] => [
  ...lengthChecks(schema),
  ...patternChecks(schema),
  ...formatChecks(schema),
];

function lengthChecks(schema: SchemaReader): readonly Check[] {
  const [min, max] = [schema.count('minLength') ?? 0, schema.count('maxLength') ?? Infinity];
  if (min === 0 && max === Infinity) return [];
  return [
    (value, run) => {
      if (typeof value !== 'string') return true;
      run.spend(1 + value.length / CHARACTERS_PER_STEP);
      const length = codePointsOf(value);
      if (length < min) return run.fail(`must NOT have fewer than ${min} characters`);
      return length <= max || run.fail(`must NOT have more than ${max} characters`);
    },
  ];
}

/** Lengths are counted in characters, of which some take two units of UTF-16. */
function codePointsOf(text: string): number {
  let count = text.length;
  for (let at = 0; at < text.length - 1; at++) if ((text.codePointAt(at) ?? 0) > 0xffff) count -= 1;
  return count;
}

function patternChecks(schema: SchemaReader): readonly Check[] {
  const pattern = schema.text('pattern');
  if (pattern === undefined) return [];
  const find = schema.pattern('pattern', pattern);
  return [(value, run) => typeof value !== 'string' || find(value, run) || run.fail(`must match pattern "${pattern}"`)];
}

function formatChecks(schema: SchemaReader): readonly Check[] {
  const format = schema.text('format');
  const test = format !== undefined && Object.hasOwn(FORMATS, format) ? FORMATS[format] : undefined;
  if (test === undefined) return [];
  return [
    (value, run) => {
      if (typeof value !== 'string') return true;
      run.spend(1 + value.length / CHARACTERS_PER_STEP);
      return test(value) || run.fail(`must match format "${format}"`);
    },
  ];
}
