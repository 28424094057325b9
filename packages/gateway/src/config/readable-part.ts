/**
 * What of a configuration can be read although other parts of it are wrong, so that all its errors are found in one
 * round: what the schema refuses is left out, and the rest is read as if it stood alone.
 */
import type { Path } from './positions.ts';
import type { Issue } from './report.ts';
import { schema, type ParsedConfig } from './schema.ts';

/** What could be read. */
export interface ReadablePart {
  readonly issues: readonly Issue[];
  /** `undefined` when nothing could. It is used to find errors only, unless there are no issues. */
  readonly readable: ParsedConfig | undefined;
  /** Where a part of `readable` stands in the file: entries of lists may have been left out before it. */
  original(path: Path): Path;
  /** Whether an error at a path of the file is one of its own, and not because something was left out. */
  isOwnError(path: Path): boolean;
}

/** What is missing is found after what is wrong was left out, and then what should hold it is left out, too. */
const ROUNDS_MAX = 8;

/** @param value the file, as it was parsed. */
export function readablePart(value: unknown): ReadablePart {
  const parsed = schema.safeParse(value);
  if (parsed.success) return { issues: [], readable: parsed.data, original: (path) => path, isOwnError: () => true };
  const rest: unknown = structuredClone(value);
  const removed: Path[] = [];
  const original = (path: Path): Path => originalPath(path, removed);
  const isOwnError = (path: Path): boolean => removed.every((other) => !leadsTo(path, other) && !leadsTo(other, path));
  let pending: readonly Issue[] = parsed.error.issues;
  for (let round = 0; round < ROUNDS_MAX; round++) {
    const paths = pending.flatMap(pathsOf).map((path) => presentPart(rest, path));
    if (paths.some((path) => path.length === 0)) break;
    // The last entry of a list first, so that the places of the others stay as they are.
    for (const path of [...new Map(paths.map((each) => [JSON.stringify(each), each])).values()].sort(fromTheEnd)) {
      const inFile = original(path);
      if (removeAt(rest, path)) removed.push(inFile);
    }
    const again = schema.safeParse(rest);
    if (again.success) return { issues: parsed.error.issues, readable: again.data, original, isOwnError };
    pending = again.error.issues;
  }
  return { issues: parsed.error.issues, readable: undefined, original, isOwnError };
}

const pathsOf = ({ code, keys = [], path }: Issue): readonly Path[] =>
  code === 'unrecognized_keys' ? keys.map((key) => [...path, key]) : [path];

type Holder = Record<PropertyKey, unknown>;

const isHolder = (value: unknown): value is Holder => typeof value === 'object' && value !== null;

/** The longest beginning of a path that is there. */
function presentPart(value: unknown, path: Path): Path {
  let at = value;
  for (const [depth, step] of path.entries()) {
    if (!isHolder(at) || !Object.hasOwn(at, step)) return path.slice(0, depth);
    at = at[step];
  }
  return path;
}

function removeAt(value: unknown, path: Path): boolean {
  const holder = path.slice(0, -1).reduce<unknown>((at, step) => (isHolder(at) ? at[step] : undefined), value);
  const last = path.at(-1);
  if (!isHolder(holder) || last === undefined) return false;
  if (Array.isArray(holder)) holder.splice(Number(last), 1);
  else delete holder[last];
  return true;
}

function fromTheEnd(a: Path, b: Path): number {
  for (const [at, step] of a.entries()) {
    const other = b[at];
    if (typeof step === 'number' && typeof other === 'number' && step !== other) return other - step;
  }
  return b.length - a.length;
}

/** @param removed paths in the file. */
function originalPath(path: Path, removed: readonly Path[]): Path {
  const result: PropertyKey[] = [];
  for (const step of path) {
    if (typeof step !== 'number') {
      result.push(step);
      continue;
    }
    const gone = removed
      .filter((other) => other.length === result.length + 1 && leadsTo(result, other))
      .map((other) => Number(other.at(-1)))
      .sort((a, b) => a - b);
    result.push(gone.reduce((index, each) => (each <= index ? index + 1 : index), step));
  }
  return result;
}

const leadsTo = (path: Path, other: Path): boolean =>
  path.length <= other.length && path.every((step, at) => String(step) === String(other[at]));
