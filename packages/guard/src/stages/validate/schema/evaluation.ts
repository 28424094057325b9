/** One check of one value: what it may still cost, which faults it found, and where in the value it stands. */
import type { Json } from '../../../call.ts';
import type { StepBudget } from '../patterns/match.ts';

/**
 * One reason why a value is not valid.
 *
 * @example
 * ```ts
 * const sentence = ({ path, message }: SchemaFault): string => `${path} ${message}`;
 * ```
 */
export interface SchemaFault {
  /** RFC 6901 pointer to the value at fault. */
  readonly path: string;
  readonly message: string;
}

/** Whether a value fits a schema or one keyword of it. */
export type Check = (value: Json, evaluation: Evaluation, seen: Seen | undefined) => boolean;

/** The steps that every check may take, whatever the value; about 20 ms on one core. */
export const STEPS_MAX = 400_000;
/** Further steps for each unit of the value (`unitsOf`): larger values take longer to check against any schema. */
export const STEPS_PER_UNIT_MAX = 8;
/** Schemas inside schemas for one value: more would overflow the stack. */
const NESTED_MAX = 1_000;
const FAULTS_MAX = 10;
const CHARACTERS_PER_UNIT = 16;
/** The longest pointer that a message shows. */
const SHOWN_CHARACTERS_MAX = 100;

/** The value costs more to check against this schema than is allowed. The message is for operators and callers. */
export class SchemaBudgetError extends Error {
  override readonly name = 'SchemaBudgetError';
}

/** The state of checking one value: the steps taken, the faults found, and the current position. */
export class Evaluation implements StepBudget {
  /** From the root to the value; names that the schema does not declare are `*`. */
  readonly path: (string | number)[] = [];
  readonly faults: SchemaFault[] = [];
  readonly #root: Json;
  #steps = 0;
  #stepsMax = STEPS_MAX;
  #nested = 0;

  constructor(root: Json) {
    this.#root = root;
  }

  get steps(): number {
    return this.#steps;
  }

  /** @throws SchemaBudgetError */
  spend(steps: number): void {
    // Whole numbers only, which the engine adds without making an object of each sum.
    this.#steps += steps | 0;
    if (this.#steps > this.#stepsMax) this.#allowMore();
  }

  /** Counts the size of the value, but only when the first allowance is used up: few values need more. */
  #allowMore(): void {
    if (this.#stepsMax === STEPS_MAX) this.#stepsMax += Math.ceil(unitsOf(this.#root)) * STEPS_PER_UNIT_MAX;
    if (this.#steps > this.#stepsMax) throw this.#exceeded(`more than ${this.#stepsMax} steps`);
  }

  /** Enters a schema. @throws SchemaBudgetError */
  enter(): void {
    if (++this.#nested > NESTED_MAX) throw this.#exceeded(`more than ${NESTED_MAX} schemas inside each other`);
    if (++this.#steps > this.#stepsMax) this.#allowMore();
  }

  leave(): void {
    this.#nested--;
  }

  #exceeded(what: string): SchemaBudgetError {
    const at = this.path.map((part) => `/${escaped(part)}`).join('');
    const shown = at.length > SHOWN_CHARACTERS_MAX ? `${at.slice(0, SHOWN_CHARACTERS_MAX)}…` : at;
    return new SchemaBudgetError(`checking the value takes ${what}${at === '' ? '' : ` (it ended at ${shown})`}`);
  }

  /** Notes a fault of the value where the check stands. @returns false */
  fail(message: string): false {
    this.spend(this.path.length);
    if (this.faults.length < FAULTS_MAX)
      this.faults.push({ path: this.path.map((part) => `/${escaped(part)}`).join(''), message });
    return false;
  }

  /** Forgets the faults of a branch that need not hold. */
  forgetFaults(from: number): void {
    if (this.faults.length > from) this.faults.length = from;
  }
}

/** Checks one item or member of a value, and says in a fault which one it was. */
export function checkInside(check: Check, value: Json, at: string | number, run: Evaluation): boolean {
  run.path.push(at);
  const isValid = check(value, run, undefined);
  run.path.pop();
  return isValid;
}

const escaped = (part: string | number): string => String(part).replaceAll('~', '~0').replaceAll('/', '~1');

/** The size of a value: one unit for each value in it, and further units for long text. */
export function unitsOf(value: Json): number {
  if (typeof value === 'string') return 1 + value.length / CHARACTERS_PER_UNIT;
  if (value === null || typeof value !== 'object') return 1;
  let units = 1;
  if (Array.isArray(value)) for (const item of value as readonly Json[]) units += unitsOf(item);
  else
    for (const [name, inner] of Object.entries(value)) units += 1 + name.length / CHARACTERS_PER_UNIT + unitsOf(inner);
  return units;
}

/** What it costs to note that a member or item was looked at. */
export const STEPS_PER_SEEN = 4;

/** The members and items of one value that keywords have looked at, for `unevaluatedProperties` and its like. */
export class Seen {
  readonly names = new Set<string>();
  readonly items = new Set<number>();
  allNames = false;
  /** Every item before this one. */
  itemsBefore = 0;

  add(other: Seen, run: Evaluation): void {
    run.spend(STEPS_PER_SEEN * (other.names.size + other.items.size));
    for (const name of other.names) this.names.add(name);
    for (const item of other.items) this.items.add(item);
    this.allNames ||= other.allNames;
    this.itemsBefore = Math.max(this.itemsBefore, other.itemsBefore);
  }
}
