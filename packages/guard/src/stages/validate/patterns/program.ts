/** Parsed patterns as programs: a list of instructions that the matcher runs for all positions at once. */
import type { HasCodePoint } from './character-set.ts';
import type { Assertion, PatternNode } from './parse.ts';

/** What the matcher does in one state. Numbers are indexes of instructions. */
export type Instruction =
  | { readonly op: 'set'; readonly has: HasCodePoint }
  | { readonly op: 'split'; readonly first: number; second: number }
  | { readonly op: 'jump'; target: number }
  | { readonly op: 'assert'; readonly what: Assertion }
  | { readonly op: 'look'; readonly program: Program; readonly negated: boolean }
  | { readonly op: 'match' };

/** Runs from instruction 0. */
export interface Program {
  readonly instructions: readonly Instruction[];
  /** Look-behind reads the text from its position to the left. */
  readonly backwards: boolean;
}

/** How many instructions the patterns of one schema may still become, and how many of them may stay in memory. */
export interface InstructionAllowance {
  left: number;
  kept: number;
}

/** Ten repetitions that count to 10,000, and room for more. */
const INSTRUCTIONS_MAX = 400_000;
const KEPT_INSTRUCTIONS_MAX = 20_000;
/** Measured, for a program and the lists of its matcher. */
const BYTES_PER_INSTRUCTION = 100;

/** The allowance of one schema. */
export const instructionAllowance = (): InstructionAllowance => ({
  left: INSTRUCTIONS_MAX,
  kept: KEPT_INSTRUCTIONS_MAX,
});

/** The memory of the instructions that were kept. */
export const keptBytes = ({ kept }: InstructionAllowance): number =>
  (KEPT_INSTRUCTIONS_MAX - kept) * BYTES_PER_INSTRUCTION;

/** @throws Error when counted repetitions make more instructions than are allowed. */
export function programOf(tree: PatternNode, allowance: InstructionAllowance, backwards = false): Program {
  return new ProgramWriter(allowance, backwards).write(tree);
}

class ProgramWriter {
  readonly #instructions: Instruction[] = [];
  readonly #allowance: InstructionAllowance;
  readonly #backwards: boolean;

  constructor(allowance: InstructionAllowance, backwards: boolean) {
    this.#allowance = allowance;
    this.#backwards = backwards;
  }

  write(tree: PatternNode): Program {
    this.#node(tree);
    this.#add({ op: 'match' });
    return { instructions: this.#instructions, backwards: this.#backwards };
  }

  get #end(): number {
    return this.#instructions.length;
  }

  #charge(): void {
    if (--this.#allowance.left < 0) throw new Error('its repetitions expand to more states than can be matched');
  }

  #add<I extends Instruction>(instruction: I): I {
    this.#charge();
    this.#instructions.push(instruction);
    return instruction;
  }

  /** Goes on with the next instruction, or with one that is set later. */
  #addSplit(): { second: number } {
    return this.#add({ op: 'split', first: this.#end + 1, second: 0 });
  }

  #node(node: PatternNode): void {
    // Empty parts are counted too: otherwise nested repetitions of nothing would never end.
    this.#charge();
    if (node.kind === 'set') this.#add({ op: 'set', has: node.has });
    else if (node.kind === 'sequence') this.#sequence(node.parts);
    else if (node.kind === 'choice') this.#choice(node.parts);
    else if (node.kind === 'repeat') this.#repeat(node.part, node.min, node.max);
    else if (node.kind === 'look') {
      const program = programOf(node.part, this.#allowance, node.behind);
      this.#add({ op: 'look', program, negated: node.negated });
    } else this.#add({ op: 'assert', what: node.kind });
  }

  #sequence(parts: readonly PatternNode[]): void {
    for (const part of this.#backwards ? parts.toReversed() : parts) this.#node(part);
  }

  #choice(parts: readonly PatternNode[]): void {
    const jumps = parts.slice(0, -1).map((part) => {
      const split = this.#addSplit();
      this.#node(part);
      const jump = this.#add({ op: 'jump', target: 0 });
      split.second = this.#end;
      return jump;
    });
    for (const last of parts.slice(-1)) this.#node(last);
    for (const jump of jumps) jump.target = this.#end;
  }

  #repeat(part: PatternNode, min: number, max: number): void {
    for (let at = 0; at < min; at++) this.#node(part);
    if (max === Infinity) {
      const target = this.#end;
      const split = this.#addSplit();
      this.#node(part);
      this.#add({ op: 'jump', target });
      split.second = this.#end;
      return;
    }
    const splits = Array.from({ length: max - min }, () => {
      const split = this.#addSplit();
      this.#node(part);
      return split;
    });
    for (const split of splits) split.second = this.#end;
  }
}
