/** A call that was held goes on: judged from the beginning, with exactly the arguments that people saw, once. */
import { asObject, type Call, type ErrorCode, type JsonObject, type Outcome } from '@sallyport/guard';
import type { EdgeDeps } from '../deps.ts';
import { silentChannel } from '../exchange/client-channel.ts';
import { serverInfoFor } from '../exchange/gateway-methods.ts';
import type { InboundMessage } from '../exchange/inbound-message.ts';
import { runCall } from '../exchange/run-call.ts';
import { renderOutcome } from '../render/outcome.ts';
import type { AnsweredRequest } from '../render/rendered-response.ts';
import { renderResult } from '../render/result.ts';
import type { TaskEnd } from './held-runs.ts';
import type { HeldTask } from './held-task-ids.ts';

/**
 * @param call the request about the task: its credential is the one that is judged.
 * @param abort cuts the call off.
 */
export async function runHeldCall(
  deps: EdgeDeps,
  inbound: InboundMessage,
  call: Call,
  held: HeldTask,
  abort: AbortController,
): Promise<TaskEnd> {
  const server = call.target.kind === 'task' ? call.target.server : '';
  const toolCall = Object.freeze<Call>({
    ...call,
    method: 'tools/call',
    target: { kind: 'tool', server, name: held.tool },
    params: { name: held.tool, arguments: held.input },
    rawArguments: undefined,
    deadlineMs: deps.steadyClock.now() + inbound.snapshot.gateway.requestTimeoutMs,
    signal: abort.signal,
    approvalId: held.approvalId,
  });
  // Nobody is there whom a server could ask, and a task cannot become another one.
  const channel = silentChannel({ ...inbound.sender, capabilities: {} });
  const outcome = await runCall(deps, { ...inbound, signal: abort.signal }, toolCall, (permit) =>
    deps.send(permit, channel),
  );
  deps.called(outcome);
  return endOf(outcome, {
    id: 0,
    method: 'tools/call',
    params: toolCall.params,
    era: 'modern',
    route: inbound.route,
    server,
    protocolVersion: inbound.sender.protocolVersion,
    serverInfo: serverInfoFor(deps, inbound.route, outcome),
  });
}

function endOf(outcome: Outcome, request: AnsweredRequest): TaskEnd {
  if (outcome.status === 'success') {
    const rendered = renderResult(outcome.result, request);
    const resultBytes = rendered instanceof Uint8Array ? rendered : Buffer.from(JSON.stringify(rendered));
    return { members: { status: 'completed', result: outcome.result.value }, resultBytes, isKept: true };
  }
  const { error } = outcome;
  // Its approval was used: nothing else would tell what became of the call.
  const isKept = outcome.approval !== undefined;
  if (!isKept && MAY_GO_ON.has(error.code))
    return { members: { status: 'working', statusMessage: error.message }, isKept };
  if (error.code === 'cancelled') return { members: { status: 'cancelled', statusMessage: error.message }, isKept };
  const { bytes } = renderOutcome(outcome, request);
  const response = JSON.parse(bytes.toString()) as JsonObject;
  const end: JsonObject =
    response['error'] === undefined
      ? { status: 'completed', result: asObject(response['result']) }
      : { status: 'failed', error: asObject(response['error']) };
  return { members: { ...end, statusMessage: error.message }, isKept };
}

/** The approval was not used and may be used later. */
const MAY_GO_ON: ReadonlySet<ErrorCode> = new Set([
  'approval_required',
  'rate_limited',
  'approvals_unavailable',
  'audit_unavailable',
  'unavailable',
]);
