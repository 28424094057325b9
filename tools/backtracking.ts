/**
 * Can a regular expression take more than linear time? Its positions and their successors are searched for two ways to
 * read the same text: two loops that both hold the same characters, or one loop that is entered in two ways. Counted
 * repetitions count as loops, so the answer errs on the side of yes.
 */
import { parsePattern, type PatternNode } from '../packages/guard/src/stages/validate/patterns/parse.ts';

/** A part of an expression: which positions it can begin and end with. */
interface Part {
  readonly nullable: boolean;
  readonly first: readonly number[];
  readonly last: readonly number[];
  /** As above, when an assertion counts as something that can fail. */
  readonly nullableFreely: boolean;
  readonly lastFreely: readonly number[];
}

/** One character of each kind stands for all that expressions of this project tell apart. */
const ALPHABET: readonly number[] = [
  ...Array.from({ length: 128 }, (_, codePoint) => codePoint),
  ...['\u0085', '\u00ad', '\u0301', 'é', '\u200b', '\u2028', '\u2029', '漢', '\u{1f600}'].map(
    (text) => text.codePointAt(0) as number,
  ),
];
const EMPTY: Part = { nullable: true, first: [], last: [], nullableFreely: true, lastFreely: [] };
const ASSERTION: Part = { ...EMPTY, nullableFreely: false };

class Automaton {
  /** For each position, the characters of the alphabet that it matches, one bit each. */
  readonly characters: bigint[] = [];
  /** With repetitions: a successor that is there twice is reached in two ways. */
  readonly followers: number[][] = [];
  /** Bodies of look-around, which are matched on their own. */
  readonly looks: PatternNode[] = [];

  position(has: (codePoint: number) => boolean): Part {
    const at = this.characters.length;
    this.characters.push(ALPHABET.reduce((bits, point, bit) => (has(point) ? bits | (1n << BigInt(bit)) : bits), 0n));
    this.followers.push([]);
    return { nullable: false, first: [at], last: [at], nullableFreely: false, lastFreely: [at] };
  }

  #connect(from: readonly number[], to: readonly number[]): void {
    for (const position of from) this.followers[position]?.push(...to);
  }

  part(node: PatternNode): Part {
    switch (node.kind) {
      case 'set':
        return this.position(node.has);
      case 'sequence':
        return node.parts.map((part) => this.part(part)).reduce((left, right) => this.#sequence(left, right), EMPTY);
      case 'choice':
        return node.parts.map((part) => this.part(part)).reduce(choiceOf);
      case 'repeat': {
        const part = this.part(node.part);
        if (node.max > 1) this.#connect(part.last, part.first);
        const isOptional = node.min === 0;
        return {
          ...part,
          nullable: part.nullable || isOptional,
          nullableFreely: part.nullableFreely || isOptional,
        };
      }
      case 'look':
        this.looks.push(node.part);
        return ASSERTION;
      default:
        return ASSERTION;
    }
  }

  #sequence(left: Part, right: Part): Part {
    this.#connect(left.last, right.first);
    return {
      nullable: left.nullable && right.nullable,
      first: left.nullable ? [...left.first, ...right.first] : left.first,
      last: right.nullable ? [...left.last, ...right.last] : right.last,
      nullableFreely: left.nullableFreely && right.nullableFreely,
      lastFreely: right.nullableFreely ? [...left.lastFreely, ...right.lastFreely] : right.lastFreely,
    };
  }

  /** Whether the same text leads from each position to its target. */
  leads(from: readonly number[], to: readonly number[]): boolean {
    const seen = new Set<string>();
    const open = [from];
    for (let state = open.pop(); state !== undefined; state = open.pop()) {
      for (const next of this.#steps(state)) {
        if (next.every((position, at) => position === to[at])) return true;
        const key = next.join();
        if (seen.has(key)) continue;
        seen.add(key);
        open.push(next);
      }
    }
    return false;
  }

  /** Every state that one character can lead to. */
  #steps(state: readonly number[]): readonly (readonly number[])[] {
    const every = (1n << BigInt(ALPHABET.length)) - 1n;
    let steps: { readonly positions: readonly number[]; readonly shared: bigint }[] = [
      { positions: [], shared: every },
    ];
    for (const position of state) {
      steps = steps.flatMap(({ positions, shared }) =>
        [...new Set(this.followers[position])]
          .map((next) => ({ positions: [...positions, next], shared: shared & (this.characters[next] ?? 0n) }))
          .filter((step) => step.shared !== 0n),
      );
    }
    return steps.map(({ positions }) => positions);
  }
}

const choiceOf = (left: Part, right: Part): Part => ({
  nullable: left.nullable || right.nullable,
  first: [...left.first, ...right.first],
  last: [...left.last, ...right.last],
  nullableFreely: left.nullableFreely || right.nullableFreely,
  lastFreely: [...left.lastFreely, ...right.lastFreely],
});

/** Whether every match begins at the beginning of the text. */
function isAnchored(node: PatternNode): boolean {
  if (node.kind === 'start') return true;
  if (node.kind === 'choice') return node.parts.every(isAnchored);
  return node.kind === 'sequence' && node.parts[0] !== undefined && isAnchored(node.parts[0]);
}

/** Why an expression can take more than linear time; `undefined` when it cannot. */
export function whyBacktracking(pattern: string, flags: string): string | undefined {
  try {
    const tree = parsePattern(flags.includes('i') ? `(?i)${pattern}` : pattern);
    return faultOf(tree, flags.includes('y') || (isAnchored(tree) && !flags.includes('m')));
  } catch (thrown) {
    return thrown instanceof Error ? thrown.message : String(thrown);
  }
}

function faultOf(tree: PatternNode, anchored: boolean): string | undefined {
  const automaton = new Automaton();
  const whole = automaton.part(tree);
  if (!anchored) {
    // A search begins again at every character: that is a loop before the expression.
    const start = automaton.position(() => true).first[0] as number;
    automaton.followers[start] = [start, ...whole.first];
  }
  const succeeds = new Set(whole.lastFreely);
  const positions = automaton.characters.map((_, position) => position);
  const loops = positions.filter((position) => automaton.leads([position], [position]));
  for (const q of loops) {
    // Where the whole has matched already, nothing is tried again.
    if (succeeds.has(q)) continue;
    const followers = automaton.followers[q] ?? [];
    const twice = followers.find((next, at) => followers.indexOf(next) !== at && automaton.leads([next], [q]));
    if (twice !== undefined) return 'a repetition is repeated';
    if (loops.some((p) => p !== q && automaton.leads([p, p, q], [p, q, q])))
      return 'two repetitions can hold the same text, and what follows them can fail';
  }
  const looks = automaton.looks.map((look) => faultOf(look, true));
  return looks.find((fault) => fault !== undefined);
}
