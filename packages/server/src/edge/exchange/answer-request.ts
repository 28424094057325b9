/** One request, over either transport: message → call → guard → response. */
import {
  permitHolder,
  spendPermit,
  type Call,
  type ClientChannel,
  type McpResult,
  type Outcome,
  type Permit,
} from '@sallyport/guard';
import type { EdgeDeps } from '../deps.ts';
import type { RequestMessage } from '../../mcp/client-message.ts';
import { readApprovalRetry, withApprovalPage, type ApprovalRetry } from '../eras/approval-wait.ts';
import { matchParamHeaders } from '../eras/param-headers.ts';
import { answerHeldTask, heldTaskFor } from '../tasks/held-task.ts';
import { renderOutcome } from '../render/outcome.ts';
import { acceptsRequests, createClientRequests, type ClientRequests } from '../sessions/client-requests.ts';
import { admitCall, callKey, endCall, registerCall } from '../sessions/live-sessions.ts';
import { watchCall } from '../subscriptions/reauthorize.ts';
import { answerListen } from '../subscriptions/answer-listen.ts';
import { createClientChannel } from './client-channel.ts';
import type { ClientConnection } from './connection.ts';
import { answerDiscover, answerInitialize, serverInfoFor } from './gateway-methods.ts';
import type { InboundMessage } from './inbound-message.ts';
import { runCall } from './run-call.ts';
import { toCall } from './to-call.ts';
import { runUntilDecided } from './wait-for-approval.ts';

/**
 * Answers one request, and keeps it where its session can cancel it until then.
 *
 * @throws GuardError when the message cannot become a call. Refusals of the guard are answered, not thrown.
 */
export async function answerRequest(
  deps: EdgeDeps,
  inbound: InboundMessage,
  received: RequestMessage,
  connection: ClientConnection,
): Promise<void> {
  const { sender, route } = inbound;
  const { live, pending } = connection;
  const retry = sender.era === 'modern' ? readApprovalRetry(received.params) : undefined;
  const request = retry === undefined ? received : { ...received, params: retry.params };
  const key = callKey(request.id);
  const clientRequests = openClientRequests(inbound, connection);
  if (live !== undefined) registerCall(live, key, pending);
  try {
    const { outcome, task, server } =
      request.method === 'subscriptions/listen'
        ? await answerListen(deps, inbound, request, connection).then((outcome) => ({
            outcome,
            task: undefined,
            server: undefined,
          }))
        : await runRequest(deps, inbound, request, connection, { clientRequests, retry });
    // Before the response, because the stream ends with it.
    clientRequests?.end();
    const response = renderOutcome(task ?? withApprovalPage(outcome, deps.approvals.pageOf), {
      ...request,
      era: sender.era,
      route,
      server,
      protocolVersion: sender.protocolVersion,
      capabilities: retry?.declined === true ? undefined : sender.capabilities,
      ...(sender.era === 'modern' && { serverInfo: serverInfoFor(deps, route, outcome) }),
    });
    const status = connection.finish(response, outcome);
    deps.called(outcome);
    deps.report({
      method: request.method,
      endpoint: inbound.transport === 'stdio' ? 'stdio' : route.endpoint,
      status,
      tenant: outcome.tenant?.id,
      ms: performance.now() - inbound.startedAtMs,
    });
  } finally {
    connection.release();
    clientRequests?.end();
    if (live !== undefined) endCall(live, key, pending);
  }
}

/** Requests of servers to this client; `undefined` when it accepts none, or has no way to respond. */
function openClientRequests(
  { sender, snapshot }: InboundMessage,
  connection: ClientConnection,
): ClientRequests | undefined {
  const { live, pending, canStream } = connection;
  return live !== undefined && canStream && acceptsRequests(sender.capabilities)
    ? createClientRequests(live, pending, sender.capabilities, snapshot.gateway.requestTimeoutMs, connection)
    : undefined;
}

/** Arguments that are kept with a stream, so that it can be judged again when it is resumed. */
const KEPT_ARGUMENTS_BYTES_MAX = 64 * 1024;

/** @returns the outcome, the task that is answered in its place, if any, and the server that the request named. */
async function runRequest(
  deps: EdgeDeps,
  inbound: InboundMessage,
  request: RequestMessage,
  connection: ClientConnection,
  {
    clientRequests,
    retry,
  }: { readonly clientRequests: ClientRequests | undefined; readonly retry: ApprovalRetry | undefined },
): Promise<{ readonly outcome: Outcome; readonly task: Outcome | undefined; readonly server: string | undefined }> {
  const { live, pending } = connection;
  const call = toCall(deps, request, inbound);
  const channel = createClientChannel(inbound.sender, request.params, connection, clientRequests?.send);
  let expiresAtMs: number | undefined;
  if ((call.rawArguments?.length ?? 0) <= KEPT_ARGUMENTS_BYTES_MAX) pending.call = { ...call, rawArguments: undefined };
  connection.whileStreaming(() => watchCall(deps, call, pending.abort, () => expiresAtMs));
  const execute = (permit: Permit): McpResult | Promise<McpResult> => {
    ({ expiresAtMs } = permitHolder(permit).principal);
    if (live !== undefined) admitCall(live, callKey(request.id), pending, permitHolder(permit).principal.key);
    switch (call.method) {
      case 'initialize':
        return answerInitialize(deps, inbound, call.params, permit, connection);
      case 'server/discover':
        return answerDiscover(deps, inbound, permit);
      case 'ping':
        spendPermit(permit);
        return { value: {} };
      case 'resources/subscribe':
        // Afterwards: only a client whose subscription was accepted waits for something.
        return forward(deps, inbound, call, permit, channel).then(async (result) => {
          await connection.holdSession();
          return result;
        });
      case 'tasks/get':
      case 'tasks/update':
      case 'tasks/cancel':
        return answerHeldTask(deps, inbound, call, permit).then(
          (held) => held ?? forward(deps, inbound, call, permit, channel),
        );
      default:
        return forward(deps, inbound, call, permit, channel);
    }
  };
  const waits = call.origin.era === 'legacy' || retry?.declined === false;
  const outcome = await runUntilDecided(deps, inbound, call, { connection, channel, waits }, (judged) =>
    runCall(deps, inbound, judged, execute),
  );
  const task = retry === undefined ? await heldTaskFor(deps, inbound, call, outcome) : undefined;
  return { outcome, task, server: 'server' in call.target ? call.target.server : undefined };
}

/** Sends a permitted call to its server, after the headers that mirror its arguments were compared with them. */
function forward(
  deps: EdgeDeps,
  { headers }: InboundMessage,
  call: Call,
  permit: Permit,
  channel: ClientChannel,
): Promise<McpResult> {
  if (headers !== undefined && call.origin.era === 'modern')
    matchParamHeaders(deps.definitionOf(call.target), call.params['arguments'], headers);
  return deps.send(permit, channel);
}
