/** What keyword compilers need: the keywords of one schema, read with their form checked, and its subschemas. */
import type { Json, JsonObject } from '../../../call.ts';
import { isObject } from '../../../json/is-object.ts';
import { compilePattern, type FindPattern } from '../patterns/match.ts';
import type { InstructionAllowance } from '../patterns/program.ts';
import type { Check } from './evaluation.ts';
import type { ResolveReference } from './references.ts';

/** Compiles a schema that lies inside or is referred to. `inPlace`: the schema that judges the same value, if any. */
export type CompileSubschema = (schema: Json, where: string, inPlace: JsonObject | undefined) => Check;

/** One schema object. Every reading method returns `undefined` for a keyword that is absent. */
export class SchemaReader {
  readonly #keywords: JsonObject;
  readonly #where: string;
  readonly #compile: CompileSubschema;
  readonly #allowance: InstructionAllowance;
  readonly #resolve: ResolveReference;

  constructor(
    keywords: JsonObject,
    where: string,
    compile: CompileSubschema,
    allowance: InstructionAllowance,
    resolve: ResolveReference,
  ) {
    this.#keywords = keywords;
    this.#where = where;
    this.#compile = compile;
    this.#allowance = allowance;
    this.#resolve = resolve;
  }

  has(keyword: string): boolean {
    return Object.hasOwn(this.#keywords, keyword);
  }

  value(keyword: string): Json | undefined {
    return this.has(keyword) ? this.#keywords[keyword] : undefined;
  }

  malformed(keyword: string, why: string): Error {
    return new Error(`${this.#where}/${keyword} ${why}`);
  }

  boolean(keyword: string): boolean | undefined {
    const value = this.value(keyword);
    if (value === undefined || typeof value === 'boolean') return value;
    throw this.malformed(keyword, 'must be boolean');
  }

  number(keyword: string): number | undefined {
    const value = this.value(keyword);
    if (value === undefined || typeof value === 'number') return value;
    throw this.malformed(keyword, 'must be a number');
  }

  count(keyword: string): number | undefined {
    const value = this.number(keyword);
    if (value !== undefined && (!Number.isInteger(value) || value < 0))
      throw this.malformed(keyword, 'must be a whole number that is not negative');
    return value;
  }

  text(keyword: string): string | undefined {
    const value = this.value(keyword);
    if (value === undefined || typeof value === 'string') return value;
    throw this.malformed(keyword, 'must be text');
  }

  list(keyword: string): readonly Json[] | undefined {
    const value = this.value(keyword);
    if (value === undefined || Array.isArray(value)) return value as readonly Json[] | undefined;
    throw this.malformed(keyword, 'must be a list');
  }

  object(keyword: string): JsonObject | undefined {
    const value = this.value(keyword);
    if (value === undefined || isObject(value)) return value;
    throw this.malformed(keyword, 'must be an object');
  }

  names(keyword: string): readonly string[] | undefined {
    return this.namesIn(keyword, this.value(keyword));
  }

  namesIn(keyword: string, value: Json | undefined): readonly string[] | undefined {
    if (value === undefined) return undefined;
    if (Array.isArray(value) && (value as readonly Json[]).every((name) => typeof name === 'string'))
      return value as readonly string[];
    throw this.malformed(keyword, 'must be a list of names');
  }

  /** The schema that a reference points to. */
  reference(keyword: string): Json | undefined {
    const reference = this.text(keyword);
    return reference === undefined ? undefined : this.#resolve(keyword, reference, this.#keywords);
  }

  pattern(keyword: string, pattern: string): FindPattern {
    try {
      return compilePattern(pattern, this.#allowance);
    } catch (cause) {
      const why = cause instanceof Error ? cause.message : 'it is no pattern';
      throw new Error(`${this.#where}/${keyword} cannot be matched: ${why}`, { cause });
    }
  }

  /** The subschema of a keyword for another value: an item, a member, a name. */
  subschema(keyword: string): Check | undefined {
    const value = this.value(keyword);
    return value === undefined ? undefined : this.compile(keyword, value);
  }

  /** The subschema of a keyword for the same value. */
  inPlace(keyword: string): Check | undefined {
    const value = this.value(keyword);
    return value === undefined ? undefined : this.compileInPlace(keyword, value);
  }

  compile(at: string, schema: Json): Check {
    return this.#compile(schema, `${this.#where}/${at}`, undefined);
  }

  compileInPlace(at: string, schema: Json): Check {
    return this.#compile(schema, `${this.#where}/${at}`, this.#keywords);
  }
}
