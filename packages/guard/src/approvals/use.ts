/** Uses an approved request, once, and says what a refused one tells the model. */
import type { ApprovalStore, FiledApproval } from '../approval-store.ts';
import { errorText } from '../error-text.ts';
import type { ApprovalState } from './consume.ts';

/** @returns `undefined` when somebody else was quicker: the request must be read again. */
export async function use(
  store: ApprovalStore,
  filed: FiledApproval,
  nowMs: number,
): Promise<ApprovalState | undefined> {
  if (!(await store.replace(consumed(filed, nowMs), 'consumed', nowMs))) return undefined;
  return { state: 'approved', approval: { id: filed.id, approvers: filed.decisions.map(({ by }) => by) } };
}

/** U16: whether the call was executed is not known before it has ended. A process that is killed says nothing more. */
const consumed = (filed: FiledApproval, nowMs: number): FiledApproval => ({
  ...filed,
  status: 'consumed',
  endedAtMs: nowMs,
  execution: 'unknown',
  version: filed.version + 1,
});

/** What the model is told: one line, without markup, secrets and characters that nobody sees. */
export function reasonOf({ decisions }: FiledApproval): string | undefined {
  const reason = decisions.find(({ verdict }) => verdict === 'deny')?.reason;
  return reason === undefined ? undefined : errorText(reason);
}
