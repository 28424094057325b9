/**
 * A call that waits for an approval, as a task of the extension (SEP-2663), for modern clients that declare it. The
 * task is `working` while people decide: nothing is asked of the client itself, because nobody approves their own call.
 */
import {
  GuardError,
  permitHolder,
  spendPermit,
  type Call,
  type FiledApproval,
  type Identity,
  type JsonObject,
  type McpResult,
  type Outcome,
  type Permit,
} from '@sallyport/guard';
import type { EdgeDeps } from '../deps.ts';
import { matchParamHeaders } from '../eras/param-headers.ts';
import { hasTasksExtension } from '../eras/tasks-extension.ts';
import type { InboundMessage } from '../exchange/inbound-message.ts';
import { waitingId } from '../exchange/wait-for-approval.ts';
import { TASKS_EXTENSION } from '../../mcp/meta-keys.ts';
import type { HeldRun, TaskEnd } from './held-runs.ts';
import type { HeldTask } from './held-task-ids.ts';
import { runHeldCall } from './run-held-call.ts';

/** How often clients should ask. */
const POLL_INTERVAL_MS = 2_000;
/** A call that ends this soon is answered with the request that started it. */
const QUICK_MS = 1_000;

/**
 * The task that is answered in place of the refusal of a call that must wait.
 *
 * @returns `undefined` for every other call, for clients that do not declare tasks, and for arguments that are too long
 *   for an id.
 */
export async function heldTaskFor(
  deps: EdgeDeps,
  { sender, headers }: InboundMessage,
  call: Call,
  outcome: Outcome,
): Promise<Outcome | undefined> {
  const approvalId = waitingId(outcome);
  const { principal, tenant, definition } = outcome;
  const { target, params } = call;
  if (approvalId === undefined || principal === undefined || tenant === undefined || definition === undefined)
    return undefined;
  if (sender.era !== 'modern' || !hasTasksExtension(sender.capabilities) || target.kind !== 'tool') return undefined;
  // The server that asked before waits for exactly these answers, and a task keeps none.
  if (params['requestState'] !== undefined || params['inputResponses'] !== undefined) return undefined;
  if (headers !== undefined) matchParamHeaders(definition, params['arguments'], headers);
  const filed = await deps.approvals.show(tenant.id, approvalId).catch(() => undefined);
  if (filed === undefined) return undefined;
  const held: HeldTask = {
    approvalId,
    tenant: tenant.id,
    tool: target.name,
    digest: definition.digest,
    createdAtMs: filed.createdAtMs,
    expiresAtMs: filed.expiresAtMs,
    input: filed.arguments,
  };
  const taskId = deps.heldTasks.ids.seal(principal.key, target.server, held);
  if (taskId === undefined) return undefined;
  const value = { resultType: 'task', ...taskFields(taskId, held, filed), ...waitingFields(deps, held) };
  const { correlationId, method, durationMs, executed } = outcome;
  const known = { correlationId, method, durationMs, executed, principal, tenant, definition };
  return { ...known, status: 'success', result: { value } };
}

/**
 * Answers `tasks/get`, `tasks/update` and `tasks/cancel` for a call that waits.
 *
 * @returns `undefined` for the task of a server.
 * @throws GuardError `not_found` for the task of another tenant and for one that is forgotten,
 * `missing_client_capability`.
 */
export async function answerHeldTask(
  deps: EdgeDeps,
  inbound: InboundMessage,
  call: Call,
  permit: Permit,
): Promise<McpResult | undefined> {
  const { target } = call;
  const { principal, tenant } = permitHolder(permit);
  if (target.kind !== 'task') return undefined;
  const held = deps.heldTasks.ids.open(principal.key, target.server, target.name);
  if (held === undefined) return undefined;
  spendPermit(permit);
  if (held.tenant !== tenant.id || inbound.sender.era !== 'modern') throw new GuardError('not_found');
  if (!hasTasksExtension(inbound.sender.capabilities))
    throw new GuardError('missing_client_capability', {
      data: { requiredCapabilities: { extensions: { [TASKS_EXTENSION]: {} } } },
    });
  if (call.method === 'tasks/cancel') await cancel(deps, { principal, tenant }, held);
  if (call.method !== 'tasks/get') return { value: {} };
  return currentTask(deps, inbound, call, held);
}

/** Withdraws the request, or cuts off the call that goes on. What has ended stays as it is. */
async function cancel(deps: EdgeDeps, { principal, tenant }: Identity, held: HeldTask): Promise<void> {
  deps.heldTasks.runs.get(keyOf(held))?.abort.abort();
  try {
    await deps.approvals.withdraw(tenant.id, held.approvalId, principal);
  } catch (thrown) {
    if (!(thrown instanceof GuardError && thrown.code === 'not_found')) throw thrown;
  }
}

const keyOf = ({ tenant, approvalId }: HeldTask): string => JSON.stringify([tenant, approvalId]);

async function currentTask(deps: EdgeDeps, inbound: InboundMessage, call: Call, held: HeldTask): Promise<McpResult> {
  const { runs } = deps.heldTasks;
  const taskId = call.target.kind === 'task' ? call.target.name : '';
  const filed = await deps.approvals.show(held.tenant, held.approvalId);
  const fields = taskFields(taskId, held, filed);
  const known = runs.get(keyOf(held));
  if (known === undefined && filed.status === 'pending') return { value: { ...fields, ...waitingFields(deps, held) } };
  const over = known === undefined ? endWithoutRun(filed) : undefined;
  if (over !== undefined) return { value: { ...fields, ...over } };
  const run = runs.start(keyOf(held), (abort) => runHeldCall(deps, inbound, call, held, abort));
  const end = run.end ?? (await endWithin(QUICK_MS, run, inbound.signal));
  if (end !== undefined) return withEnd({ ...fields, status: 'completed' }, end);
  return { value: { ...fields, status: 'working', statusMessage: 'The call was approved and runs.' } };
}

/** What the request alone tells of a call that nobody runs here. */
function endWithoutRun({ status, endedBecause, execution }: FiledApproval): JsonObject | undefined {
  if (status === 'withdrawn')
    return { status: 'cancelled', statusMessage: endedBecause ?? 'The request for approval was withdrawn.' };
  if (status !== 'consumed') return undefined;
  const became = execution === 'unknown' ? 'Whether it was executed is not known' : `It was executed and ${execution}`;
  const message = `The approval of this call was used already. ${became}, and its result is not kept here.`;
  return { status: 'failed', statusMessage: message, error: { code: -32603, message } };
}

/** `undefined` when it takes longer, or the client has gone away; the call goes on. */
function endWithin(ms: number, run: HeldRun, signal: AbortSignal): Promise<TaskEnd | undefined> {
  return new Promise((resolve) => {
    const give = (end?: TaskEnd): void => {
      clearTimeout(timer);
      signal.removeEventListener('abort', leave);
      resolve(end);
    };
    const leave = (): void => give();
    const timer = setTimeout(leave, ms);
    signal.addEventListener('abort', leave, { once: true });
    void run.ended.then(give);
  });
}

/** With the bytes of the server where there are any, so that numbers stay as they are. */
function withEnd(fields: JsonObject, { members, resultBytes }: TaskEnd): McpResult {
  const value = { ...fields, ...members };
  if (resultBytes === undefined) return { value };
  const { result: _result, ...others } = value as JsonObject & { readonly result?: unknown };
  const head = Buffer.from(`${JSON.stringify(others).slice(0, -1)},"result":`);
  return { value, bytes: Buffer.concat([head, resultBytes, Buffer.from('}')]) };
}

const taskFields = (taskId: string, held: HeldTask, { decisions, endedAtMs }: FiledApproval): JsonObject => ({
  taskId,
  createdAt: timeText(held.createdAtMs),
  lastUpdatedAt: timeText(endedAtMs ?? decisions.at(-1)?.atMs ?? held.createdAtMs),
  ttlMs: held.expiresAtMs - held.createdAtMs,
  pollIntervalMs: POLL_INTERVAL_MS,
});

const waitingFields = ({ approvals }: EdgeDeps, { approvalId }: HeldTask): JsonObject => ({
  status: 'working',
  statusMessage: `A person must approve this call: ${approvals.pageOf(approvalId)}`,
});

const timeText = (ms: number): string => new Date(ms).toISOString();
