/** One call may have to meet several demands: that of a rule, and those of the policies that permit it. */
import type { ApprovalDemand, ApproverSelector, Decision, ShownFirst } from '../approval-store.ts';
import { selectorText } from './people.ts';

/**
 * All demands of a request, of which each must be met.
 *
 * @example
 * ```ts
 * const sourcesOf = (demand: ApprovalDemand): readonly string[] => demandsOf(demand).map(({ source }) => source);
 * ```
 */
export const demandsOf = (demand: ApprovalDemand): readonly ApprovalDemand[] => [demand, ...(demand.also ?? [])];

/** The selector under which a decision counts for the demand at `index`; `undefined` when it does not. */
export function countedAs({ as, each }: Decision, index: number): ApproverSelector | undefined {
  if (each === undefined) return index === 0 ? as : undefined;
  return each[index] ?? undefined;
}

/** Whether enough people said yes to the demand at `index`. */
export const isMet = ({ required }: ApprovalDemand, index: number, decisions: readonly Decision[]): boolean =>
  decisions.filter((decision) => decision.verdict === 'approve' && countedAs(decision, index) !== undefined).length >=
  required;

/**
 * One demand that is met when each of these is. Equal ones count once; the shortest time since a sign-in holds.
 *
 * @returns `undefined` for none.
 *
 * @example
 * ```ts
 * const both = (rule: ApprovalDemand, policy: ApprovalDemand) => allDemands([rule, policy]);
 * ```
 */
export function allDemands(demands: readonly ApprovalDemand[]): ApprovalDemand | undefined {
  const texts = demands.map(whatIsAsked);
  const [first, ...also] = demands.filter((_demand, index) => texts.indexOf(texts[index] ?? '') === index);
  if (first === undefined || also.length === 0) return first;
  const stepUps = [first, ...also].flatMap(({ stepUpMs }) => stepUpMs ?? []);
  const show = shownFirst([first, ...also].flatMap((demand) => demand.show ?? []));
  return {
    ...first,
    also,
    ...([first, ...also].some(({ passkey }) => passkey === true) && { passkey: true }),
    ...(stepUps.length > 0 && { stepUpMs: Math.min(...stepUps) }),
    ...(show !== undefined && { show }),
  };
}

function shownFirst(all: readonly ShownFirst[]): ShownFirst | undefined {
  if (all.length === 0) return undefined;
  const texts = [...new Set(all.flatMap(({ text }) => text ?? []))];
  const names = [...new Set(all.flatMap((show) => show.arguments ?? []))];
  return { ...(texts.length > 0 && { text: texts.join('\n') }), ...(names.length > 0 && { arguments: names }) };
}

/** Equal for demands that differ in their source only. */
const whatIsAsked = ({ approvers, required, distinct, stepUpMs, passkey, show }: ApprovalDemand): string =>
  JSON.stringify([
    approvers.map(selectorText).sort(),
    required,
    distinct,
    stepUpMs,
    passkey,
    show?.text,
    show?.arguments,
  ]);
