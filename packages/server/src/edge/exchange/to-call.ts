/** Makes the frozen `Call` that the guard judges out of a message. */
import {
  GuardError,
  isMcpMethod,
  methodRow,
  METHODS,
  type Call,
  type InternalMethod,
  type JsonObject,
  type MethodRow,
} from '@sallyport/guard';
import type { EdgeDeps } from '../deps.ts';
import type { RequestMessage, NotificationMessage } from '../../mcp/client-message.ts';
import { checkMeta, isTraceparent } from '../eras/check-meta.ts';
import { metaOf } from '../../mcp/meta-keys.ts';
import { resolveTarget } from '../names/route.ts';
import type { InboundMessage } from './inbound-message.ts';

/**
 * @throws GuardError `method_not_found` for a method that clients do not send, `invalid_request` for a request without
 * an id or a notification with one, `invalid_params` for a missing target name or a bad `_meta`.
 */
export function toCall(deps: EdgeDeps, message: RequestMessage | NotificationMessage, inbound: InboundMessage): Call {
  const row = rowFor(message.method, inbound);
  // J5: a request without an id has no response, and a notification with one would get none.
  if (message.kind !== row.kind)
    throw new GuardError('invalid_request', {
      message: row.kind === 'request' ? 'This method needs an id.' : 'This method takes no id.',
    });
  if ((row.lists !== undefined || message.method === 'tasks/list') && message.params['cursor'] !== undefined)
    throw new GuardError('invalid_params', {
      message: 'The cursor is not one that was given out: lists come in one page.',
    });
  return createCall(deps, message.method, message.params, inbound);
}

/** A call that the edge makes itself on behalf of its caller, such as the listening of a GET stream. */
export function toInternalCall(
  deps: EdgeDeps,
  method: InternalMethod,
  params: JsonObject,
  inbound: InboundMessage,
): Call {
  if (!isInEra(METHODS[method], inbound)) throw new GuardError('method_not_found');
  return createCall(deps, method, params, inbound);
}

const isInEra = ({ eras }: MethodRow, { sender }: InboundMessage): boolean => eras.includes(sender.era);

function rowFor(method: string, inbound: InboundMessage): MethodRow {
  const row = isMcpMethod(method) ? methodRow(method) : undefined;
  if (row === undefined || row.direction === 'to_client' || !isInEra(row, inbound))
    throw new GuardError('method_not_found');
  return row;
}

function createCall(deps: EdgeDeps, method: string, params: JsonObject, inbound: InboundMessage): Call {
  const { sender, route, headers, snapshot } = inbound;
  const resolved = resolveTarget(method, checkMeta(params), route, snapshot.servers);
  const traceparent = metaOf(resolved.params)?.['traceparent'] ?? headers?.['traceparent'];
  return Object.freeze({
    method,
    target: resolved.target,
    params: Object.freeze(resolved.params),
    rawArguments: inbound.rawArguments,
    credentials: inbound.credentials,
    session: sender.session,
    deadlineMs: deps.steadyClock.now() + snapshot.gateway.requestTimeoutMs,
    signal: inbound.signal,
    origin: {
      transport: inbound.transport,
      era: sender.era,
      protocolVersion: sender.protocolVersion,
      address: inbound.address,
      correlationId: inbound.correlationId,
      traceparent: isTraceparent(traceparent) ? traceparent : undefined,
      clientInfo: sender.clientInfo,
    },
  } satisfies Call);
}
