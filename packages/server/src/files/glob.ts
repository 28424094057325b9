/**
 * Patterns for paths: `*` and `?` within a name, `**` for any number of folders. A pattern is matched in one pass over
 * the path with a set of places in the pattern, so a hostile pattern costs its length times that of the path.
 */
import { ToolError } from '../errors.ts';

const PATTERN_MAX = 200;

/** One step of a pattern: a character, one of a name, any of a name, whole folders, or anything. */
type Step = { readonly character: string } | 'one' | 'name' | 'folders' | 'anything';

/**
 * @returns whether a path matches as a whole.
 * @throws ToolError `INVALID_ARGUMENT` for a pattern of more than 200 characters.
 */
export function compileGlob(pattern: string): (path: string) => boolean {
  if (pattern.length === 0 || pattern.length > PATTERN_MAX)
    throw new ToolError('INVALID_ARGUMENT', `A pattern has 1 to ${PATTERN_MAX} characters.`);
  const steps = stepsOf(pattern);
  return (path) => {
    let places = reach(steps, new Set([0]), '/');
    for (const character of path) {
      const next = new Set<number>();
      for (const place of places) advance(steps[place], place, character, next);
      places = reach(steps, next, character);
      if (places.size === 0) return false;
    }
    return places.has(steps.length);
  };
}

function stepsOf(pattern: string): readonly Step[] {
  const steps: Step[] = [];
  const characters = [...pattern];
  for (let at = 0; at < characters.length; at += 1) {
    const character = characters[at] as string;
    if (character === '?') steps.push('one');
    else if (character !== '*') steps.push({ character });
    else if (characters[at + 1] !== '*') steps.push('name');
    else if (characters[at + 2] === '/') {
      steps.push('folders');
      at += 2;
    } else {
      steps.push('anything');
      at += 1;
    }
  }
  return steps;
}

/** All places that are reached without a character: stars match nothing, too, and folders end with a `/`. */
function reach(steps: readonly Step[], places: Set<number>, last: string): Set<number> {
  for (const place of places) {
    const step = steps[place];
    if (step === 'name' || step === 'anything' || (step === 'folders' && last === '/')) places.add(place + 1);
  }
  return places;
}

function advance(step: Step | undefined, place: number, character: string, next: Set<number>): void {
  if (step === undefined) return;
  if (step === 'folders' || step === 'anything') next.add(place);
  else if (step === 'name' && character !== '/') next.add(place);
  else if (step === 'one' && character !== '/') next.add(place + 1);
  else if (typeof step === 'object' && step.character === character) next.add(place + 1);
}
