/**
 * A JSON Schema as functions, one for each schema in it. Their own interpreter, because every step of it is counted:
 * code that a library generates has no place to stop.
 */
import type { Json, JsonObject } from '../../../call.ts';
import { isObject } from '../../../json/is-object.ts';
import { instructionAllowance, keptBytes, type InstructionAllowance } from '../patterns/program.ts';
import { arrayChecks, unevaluatedItems } from './arrays.ts';
import { combinatorChecks } from './combinators.ts';
import { Seen, type Check } from './evaluation.ts';
import { numberChecks } from './numbers.ts';
import { objectChecks, unevaluatedProperties } from './objects.ts';
import { createResolver, type ResolveReference } from './references.ts';
import { SchemaReader } from './schema-reader.ts';
import { stringChecks } from './strings.ts';
import { constCheck, enumCheck, typeCheck } from './values.ts';

/** The check of a schema, and the memory that its patterns keep. */
interface CompiledSchema {
  readonly check: Check;
  readonly patternBytes: number;
}

/** @throws Error that names the keyword, for a schema that is malformed or cannot be checked. */
export function checkOfSchema(root: Json): CompiledSchema {
  const compiler = new SchemaCompiler(root);
  const check = compiler.compile(root, '#', undefined);
  compiler.refuseCircles();
  return { check, patternBytes: compiler.patternBytes };
}

const REFUSE: Check = (_value, run) => {
  run.spend(1);
  return run.fail('boolean schema is false');
};
const ACCEPT: Check = (_value, run) => {
  run.spend(1);
  return true;
};

class SchemaCompiler {
  readonly #allowance: InstructionAllowance = instructionAllowance();
  readonly #resolve: ResolveReference;
  /** `undefined` while a schema is being compiled: a reference to it must wait. */
  readonly #checks = new Map<JsonObject, Check | undefined>();
  /** Schema → the schemas that judge the same value for it. */
  readonly #inPlace = new Map<JsonObject, JsonObject[]>();

  constructor(root: Json) {
    this.#resolve = createResolver(root);
  }

  get patternBytes(): number {
    return keptBytes(this.#allowance);
  }

  compile(schema: Json, where: string, around: JsonObject | undefined): Check {
    if (typeof schema === 'boolean') return schema ? ACCEPT : REFUSE;
    if (!isObject(schema)) throw new Error(`${where} is no schema`);
    if (around !== undefined) this.#noteInPlace(around, schema);
    if (!this.#checks.has(schema)) {
      this.#checks.set(schema, undefined);
      this.#checks.set(schema, this.#compileObject(schema, where));
    }
    return this.#checks.get(schema) ?? ((value, run, seen) => (this.#checks.get(schema) as Check)(value, run, seen));
  }

  #noteInPlace(around: JsonObject, schema: JsonObject): void {
    const known = this.#inPlace.get(around);
    if (known === undefined) this.#inPlace.set(around, [schema]);
    else known.push(schema);
  }

  #compileObject(keywords: JsonObject, where: string): Check {
    const compile = (schema: Json, at: string, around: JsonObject | undefined): Check =>
      this.compile(schema, at, around);
    const schema = new SchemaReader(keywords, where, compile, this.#allowance, this.#resolve);
    const checks = [
      ...[typeCheck(schema), constCheck(schema), enumCheck(schema)].filter((check) => check !== undefined),
      ...numberChecks(schema),
      ...stringChecks(schema),
      ...arrayChecks(schema),
      ...objectChecks(schema),
      ...combinatorChecks(schema),
    ];
    const last = [unevaluatedProperties(schema), unevaluatedItems(schema)].filter((check) => check !== undefined);
    return last.length === 0 ? all(checks) : allThenUnevaluated(checks, last);
  }

  /** A schema that leads back to itself for the same value says nothing, and would never end. */
  refuseCircles(): void {
    const done = new Set<JsonObject>();
    const open = new Set<JsonObject>();
    const follow = (schema: JsonObject): void => {
      if (open.has(schema)) throw new Error('a reference leads back to its own schema for the same value');
      if (done.has(schema)) return;
      open.add(schema);
      for (const other of this.#inPlace.get(schema) ?? []) follow(other);
      open.delete(schema);
      done.add(schema);
    };
    for (const schema of this.#inPlace.keys()) follow(schema);
  }
}

const all =
  (checks: readonly Check[]): Check =>
  (value, run, seen) => {
    run.enter();
    let isValid = true;
    for (let at = 0; isValid && at < checks.length; at++) isValid = (checks[at] as Check)(value, run, seen);
    run.leave();
    return isValid;
  };

function allThenUnevaluated(checks: readonly Check[], last: readonly Check[]): Check {
  const check = all([...checks, ...last]);
  return (value, run, seen) => {
    const own = new Seen();
    if (!check(value, run, own)) return false;
    seen?.add(own, run);
    return true;
  };
}
