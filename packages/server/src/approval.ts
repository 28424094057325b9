/** What people must say before a tool runs. */
import { DEFAULT_APPROVERS, readDemand, type WrittenDemand } from '@sallyport/guard';

/**
 * Who must approve a call: the text that a Cedar policy has in `@require_approval`, such as
 * `role:manager, 2 of 2, 30m`; `true` is one person with the role `approver` or `admin`. With `when`, only calls for
 * which it holds.
 *
 * @example
 * ```ts
 * const large: ApprovalText = { by: 'role:manager', when: ({ amount }) => Number(amount) > 1_000 };
 * ```
 */
export type ApprovalText =
  | true
  | string
  | { readonly by: string; readonly when: (input: Readonly<Record<string, unknown>>) => boolean };

/** @throws RangeError for a text that asks for nothing that is known. */
export function readApproval(approval: ApprovalText, what: string): WrittenDemand {
  const text = textOf(approval);
  try {
    const written = readDemand(text);
    return { ...written, demand: { ...written.demand, approvers: approversOf(written) } };
  } catch (cause) {
    throw new RangeError(`${what}: approval: ${(cause as Error).message}`, { cause });
  }
}

const approversOf = ({ demand }: WrittenDemand): WrittenDemand['demand']['approvers'] =>
  demand.approvers.length === 0 ? DEFAULT_APPROVERS : demand.approvers;

function textOf(approval: ApprovalText): string {
  if (approval === true) return '';
  return typeof approval === 'string' ? approval : approval.by;
}
