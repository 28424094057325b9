/**
 * Matching without backtracking: all states that the text so far can have led to are advanced together, so the work
 * is at most the states times the characters. Look-around runs a program of its own at its position. Every state
 * costs a step of the caller's budget, which bounds what look-around inside repetitions would multiply.
 */
import { isLineEnd, isWordCharacter } from './character-set.ts';
import { parsePattern, type Assertion } from './parse.ts';
import { programOf, type Instruction, type InstructionAllowance, type Program } from './program.ts';

/** Where the steps are taken from. */
export interface StepBudget {
  /** @throws when the budget is used up. */
  spend(steps: number): void;
}

/** Whether the pattern is found anywhere in the text. */
export type FindPattern = (text: string, budget: StepBudget) => boolean;

/** @throws Error with the reason why the pattern cannot be matched. */
export function compilePattern(pattern: string, allowance: InstructionAllowance): FindPattern {
  const tree = parsePattern(pattern);
  const before = allowance.left;
  const program = programOf(tree, allowance);
  const size = before - allowance.left;
  if (size <= allowance.kept) {
    allowance.kept -= size;
    const matcher = new Matcher(program);
    return (text, budget) => matcher.find(text, 0, true, budget);
  }
  // A large program is built for each text, and paid for: kept in memory, many of them would fill it.
  return (text, budget) => {
    budget.spend(STEPS_PER_INSTRUCTION * size);
    return new Matcher(programOf(tree, { left: size, kept: 0 })).find(text, 0, true, budget);
  };
}

/** What building an instruction costs beside advancing a state. */
const STEPS_PER_INSTRUCTION = 2;

const [SET, SPLIT, JUMP, ASSERT, LOOK, MATCH] = [0, 1, 2, 3, 4, 5];
const CODES = { set: SET, split: SPLIT, jump: JUMP, assert: ASSERT, look: LOOK, match: MATCH } as const;

/**
 * One program with its lists of states, which are used again for the next text. The states stand in typed arrays: this
 * is the innermost loop of every check.
 */
class Matcher {
  readonly #instructions: readonly Instruction[];
  readonly #backwards: boolean;
  readonly #codes: Uint8Array;
  readonly #looks = new Map<number, Matcher>();
  /** For each state, the round in which it was last added. */
  readonly #addedIn: Uint32Array;
  readonly #pending: Int32Array;
  #current: Int32Array;
  #next: Int32Array;
  /** How many states the list holds that is being filled. */
  #size = 0;
  #round = 0;
  #steps = 0;

  constructor({ instructions, backwards }: Program) {
    this.#instructions = instructions;
    this.#backwards = backwards;
    this.#codes = Uint8Array.from(instructions, ({ op }) => CODES[op]);
    this.#addedIn = new Uint32Array(instructions.length);
    // A state adds at most two more, and each is taken up once in a round.
    this.#pending = new Int32Array(2 * instructions.length + 1);
    this.#current = new Int32Array(instructions.length);
    this.#next = new Int32Array(instructions.length);
    for (const [at, instruction] of instructions.entries())
      if (instruction.op === 'look') this.#looks.set(at, new Matcher(instruction.program));
  }

  /** @param anywhere whether the match may begin later than at `start`. */
  find(text: string, start: number, anywhere: boolean, budget: StepBudget): boolean {
    let found = false;
    let size = 0;
    this.#nextRound();
    this.#size = 0;
    this.#steps = 0;
    for (let at = start, isFirst = true; ; isFirst = false) {
      found ||= (isFirst || anywhere) && this.#add(0, this.#current, text, at, budget);
      size = this.#size;
      budget.spend(this.#steps + 1);
      this.#steps = 0;
      if (found || (size === 0 && !anywhere)) return found;
      const codePoint = this.#backwards ? codePointBefore(text, at) : text.codePointAt(at);
      if (codePoint === undefined) return false;
      at += (this.#backwards ? -1 : 1) * (codePoint > 0xffff ? 2 : 1);
      this.#nextRound();
      found = this.#advance(size, codePoint, text, at, budget);
    }
  }

  /** Fills the next list with what follows the current one after a character. @returns whether it has matched. */
  #advance(size: number, codePoint: number, text: string, at: number, budget: StepBudget): boolean {
    const [current, next] = [this.#current, this.#next];
    this.#size = 0;
    this.#steps += size;
    this.#current = next;
    this.#next = current;
    for (let index = 0; index < size; index++) {
      const state = current[index] as number;
      const instruction = this.#instructions[state] as Instruction & { op: 'set' };
      if (instruction.has(codePoint) && this.#add(state + 1, next, text, at, budget)) return true;
    }
    return false;
  }

  #nextRound(): void {
    if (this.#round === 0xffffffff) {
      this.#addedIn.fill(0);
      this.#round = 0;
    }
    this.#round++;
  }

  /** Adds a state and all that follow from it without a character. @returns whether the program has matched. */
  #add(from: number, states: Int32Array, text: string, at: number, budget: StepBudget): boolean {
    const pending = this.#pending;
    let waiting = 0;
    pending[waiting++] = from;
    while (waiting > 0) {
      const state = pending[--waiting] as number;
      if (this.#addedIn[state] === this.#round) continue;
      this.#addedIn[state] = this.#round;
      this.#steps++;
      const code = this.#codes[state];
      if (code === MATCH) return true;
      if (code === SET) states[this.#size++] = state;
      else {
        const instruction = this.#instructions[state] as Instruction;
        if (instruction.op === 'split') {
          pending[waiting++] = instruction.second;
          pending[waiting++] = instruction.first;
        } else if (instruction.op === 'jump') pending[waiting++] = instruction.target;
        else if (this.#allows(instruction, state, text, at, budget)) pending[waiting++] = state + 1;
      }
    }
    return false;
  }

  /** Whether an assertion or a look-around holds at a position. */
  #allows(instruction: Instruction, state: number, text: string, at: number, budget: StepBudget): boolean {
    if (instruction.op === 'assert') return holds(instruction.what, text, at);
    return instruction.op === 'look' && this.#looks.get(state)?.find(text, at, false, budget) !== instruction.negated;
  }
}

function holds(what: Assertion, text: string, at: number): boolean {
  if (what === 'start') return at === 0;
  if (what === 'end') return at === text.length;
  if (what === 'line-start') return at === 0 || isLineEnd(text.charCodeAt(at - 1));
  if (what === 'line-end') return at === text.length || isLineEnd(text.charCodeAt(at));
  const [before, after] = [codePointBefore(text, at), text.codePointAt(at)];
  const isBoundary =
    (before !== undefined && isWordCharacter(before)) !== (after !== undefined && isWordCharacter(after));
  return isBoundary === (what === 'boundary');
}

function codePointBefore(text: string, at: number): number | undefined {
  if (at === 0) return undefined;
  const unit = text.charCodeAt(at - 1);
  const isLow = unit >= 0xdc00 && unit <= 0xdfff && at > 1;
  const whole = isLow ? (text.codePointAt(at - 2) ?? 0) : 0;
  return whole > 0xffff ? whole : unit;
}
