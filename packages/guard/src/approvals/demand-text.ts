/**
 * What a policy asks of people, as an annotation writes it:
 * `@require_approval("group:finance-leads, 2 of 3, 30m")`. The parts stand in any order.
 */
import type { ApprovalDemand, ApproverSelector } from '../approval-store.ts';
import { DURATION, readDuration } from '../duration.ts';
import { readSelector } from './people.ts';

/**
 * Who may approve where nobody is named.
 *
 * @example
 * ```ts
 * const roles = DEFAULT_APPROVERS.map(({ name }) => name);
 * ```
 */
export const DEFAULT_APPROVERS: readonly ApproverSelector[] = [
  { kind: 'role', name: 'approver' },
  { kind: 'role', name: 'admin' },
];

/**
 * How old a sign-in may be where a step-up is asked for without a time.
 *
 * @example
 * ```ts
 * const seconds = STEP_UP_MS / 1000;
 * ```
 */
export const STEP_UP_MS = 300_000;

const REQUIRED_MAX = 10;

/**
 * A demand that waits for the name of its policy.
 *
 * @example
 * ```ts
 * const named = ({ demand }: WrittenDemand, policy: string): ApprovalDemand => ({ ...demand, source: policy });
 * ```
 */
export interface WrittenDemand {
  readonly demand: Omit<ApprovalDemand, 'source'>;
  /** How long a request waits; as configured when absent. */
  readonly ttlMs: number | undefined;
}

/**
 * Reads the value of the annotation. An empty one asks for one person with a role that approves.
 *
 * @throws Error with a sentence for the author of the policy.
 *
 * @example
 * ```ts
 * const { demand, ttlMs } = readDemand('group:finance-leads, 2 of 3, 30m');
 * ```
 */
export function readDemand(text: string): WrittenDemand {
  const parts = text.trim() === '' ? [] : text.split(',').map((part) => part.trim());
  const approvers: ApproverSelector[] = [];
  const shown: string[] = [];
  const once = new Map<string, string>();
  for (const part of parts) {
    const selector = readSelector(part);
    const [, argument] = SHOW.exec(part) ?? [];
    const kind = KINDS.find(([, pattern]) => pattern.test(part))?.[0];
    if (selector !== undefined) approvers.push(selector);
    else if (argument !== undefined) shown.push(argument);
    else if (kind === undefined) throw new Error(`"${part}" is ${EXPECTED}`);
    else if (once.has(kind)) throw new Error(`it says twice ${kind}: "${once.get(kind)}" and "${part}"`);
    else once.set(kind, part);
  }
  const [, required = '1', , of] = COUNT.exec(once.get('how many') ?? '') ?? [];
  const stepUp = once.get('how fresh a sign-in must be')?.slice('step-up'.length).trim();
  const time = once.get('how long');
  const demand = {
    approvers: approvers.length === 0 ? DEFAULT_APPROVERS : approvers,
    required: Number(required),
    distinct: once.has('whether entries must differ'),
    ...(stepUp !== undefined && { stepUpMs: stepUp === '' ? STEP_UP_MS : readDuration(stepUp) }),
    ...(once.has('whether a passkey is needed') && { passkey: true as const }),
    ...(shown.length > 0 && { show: { arguments: shown } }),
  };
  const fault = countFault(demand, of) ?? demandFault(demand);
  if (fault !== undefined) throw new Error(fault);
  if (time !== undefined && readDuration(time) === 0) throw new Error('nothing can be approved in no time');
  return { demand, ttlMs: time === undefined ? undefined : readDuration(time) };
}

const EXPECTED =
  'none of user:NAME, role:NAME, group:NAME (each with " from ISSUER" if need be), a number such as "2" or "2 of 3", ' +
  'a duration such as 30m, "distinct", "step-up" or "step-up 5m", "passkey", "show ARGUMENT"';
const COUNT = /^(\d{1,2})( of (\d{1,3}))?$/;
const SHOW = /^show (\S{1,128})$/;
const KINDS: readonly (readonly [kind: string, pattern: RegExp])[] = [
  ['how many', COUNT],
  ['how long', DURATION],
  ['whether entries must differ', /^distinct$/],
  ['whether a passkey is needed', /^passkey$/],
  ['how fresh a sign-in must be', /^step-up( \d{1,9}(ms|s|m|h|d))?$/],
];

/** `2 of 3`: three people may approve. Only users are named one by one, so only they can be counted. */
function countFault({ approvers, required }: WrittenDemand['demand'], of: string | undefined): string | undefined {
  if (required < 1 || required > REQUIRED_MAX) return `between 1 and ${REQUIRED_MAX} people can be asked for`;
  if (of === undefined) return undefined;
  if (Number(of) < required) return `${required} of ${of} can never be met`;
  const onlyUsers = approvers.every(({ kind }) => kind === 'user');
  return onlyUsers && Number(of) !== approvers.length ? `it says of ${of}, and names ${approvers.length}` : undefined;
}

/**
 * Why a demand can never be met.
 *
 * @returns `undefined` when it can.
 *
 * @example
 * ```ts
 * const canBeMet = (demand: ApprovalDemand): boolean => demandFault(demand) === undefined;
 * ```
 */
export function demandFault({ approvers, required, distinct }: Omit<ApprovalDemand, 'source'>): string | undefined {
  if (distinct && required > approvers.length)
    return 'is more than the entries of `approvers`, of which each counts once';
  if (!distinct && approvers.every(({ kind }) => kind === 'user') && required > approvers.length)
    return 'is more than the users of `approvers`';
  return undefined;
}

const ANNOTATION = 'require_approval';

/**
 * The annotation of a policy that asks people, where there is one.
 *
 * @throws Error for an annotation that is spelled nearly so: a protection must not be lost to a typing error.
 *
 * @example
 * ```ts
 * const asks = (annotations: Readonly<Record<string, string>>): boolean =>
 *   demandOfAnnotations(annotations) !== undefined;
 * ```
 */
export function demandOfAnnotations(annotations: Readonly<Record<string, string | null>>): WrittenDemand | undefined {
  for (const name of Object.keys(annotations))
    if (name !== ANNOTATION && isNearly(name))
      throw new Error(`there is no annotation @${name}; did you mean @${ANNOTATION}?`);
  if (!Object.hasOwn(annotations, ANNOTATION)) return undefined;
  try {
    return readDemand(annotations[ANNOTATION] ?? '');
  } catch (cause) {
    throw new Error(`@${ANNOTATION}: ${cause instanceof Error ? cause.message : 'cannot be read'}`, { cause });
  }
}

/** Two letters that are wrong, missing or too many; underscores and case do not count. */
function isNearly(name: string): boolean {
  const [a, b] = [name, ANNOTATION].map((text) => text.toLowerCase().replaceAll('_', '')) as [string, string];
  return /approval/.test(a) || distance(a, b) <= 2;
}

/** Levenshtein's distance. Names are short. */
function distance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, at) => at);
  for (let at = 0; at < a.length; at++) {
    const next = [at + 1];
    for (let to = 0; to < b.length; to++)
      next.push(Math.min((row[to + 1] ?? 0) + 1, (next[to] ?? 0) + 1, (row[to] ?? 0) + (a[at] === b[to] ? 0 : 1)));
    row = next;
  }
  return row[b.length] ?? 0;
}
