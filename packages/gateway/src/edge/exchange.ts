/** One message, from either door, through the guard: what was read becomes a frozen Call, and what executes is chosen here. */
import type { IncomingHttpHeaders } from 'node:http';
import {
  GuardError,
  permitHolder,
  isMcpMethod,
  methodRow,
  spendPermit,
  type Call,
  type Credentials,
  type McpResult,
  type Outcome,
  type Permit,
  type ClientChannel,
} from '@sallyport/guard';
import type { EdgeDeps } from './deps.ts';
import type { ClientMessage } from '../mcp/client-message.ts';
import type { Caller } from './eras/caller.ts';
import { checkMeta, isTraceparent } from './eras/check-meta.ts';
import { metaOf } from './eras/modern.ts';
import { matchParamHeaders } from './eras/param-headers.ts';
import { discoverResult } from './gateway-methods.ts';
import { aim, type Route } from './names/route.ts';

/** What a door knows of one message besides its text. */
export interface InboundMessage {
  readonly route: Route;
  readonly caller: Caller;
  readonly credentials: Credentials;
  readonly transport: 'http' | 'stdio';
  readonly address: string;
  readonly correlationId: string;
  readonly headers: IncomingHttpHeaders | undefined;
  readonly rawArguments: Uint8Array | undefined;
  readonly signal: AbortSignal;
}

type Named = Pick<Exclude<ClientMessage, { kind: 'response' }>, 'method' | 'params'> & {
  readonly kind?: 'request' | 'notification';
};

/** @throws GuardError `method_not_found` for what the edge alone may send, `invalid_params` for a target that is not named. */
export function toCall(
  deps: EdgeDeps,
  { kind, method, params }: Named,
  arrival: InboundMessage,
  internal = false,
): Call {
  const row = methodRow(method);
  if (
    row === undefined ||
    row.direction === 'to_client' ||
    isMcpMethod(method) === internal ||
    !row.eras.includes(arrival.caller.era)
  )
    throw new GuardError('method_not_found');
  // J5: what runs without an id has no answer to show, and what only informs has none to give.
  if (kind !== undefined && kind !== row.kind)
    throw new GuardError('invalid_request', {
      message: row.kind === 'request' ? 'This method needs an id.' : 'This method takes no id.',
    });
  if ((row.lists !== undefined || method === 'tasks/list') && params['cursor'] !== undefined)
    throw new GuardError('invalid_params', {
      message: 'The cursor is not one that was given out: lists come in one page.',
    });
  const { caller, route, headers } = arrival;
  const aimed = aim(method, checkMeta(params), route, deps.view.servers());
  const traceparent = metaOf(aimed.params)?.['traceparent'] ?? headers?.['traceparent'];
  return Object.freeze({
    method,
    target: aimed.target,
    params: Object.freeze(aimed.params),
    rawArguments: arrival.rawArguments,
    credentials: arrival.credentials,
    session: caller.session,
    deadlineMs: deps.clock.now() + deps.settings().requestTimeoutMs,
    signal: arrival.signal,
    origin: {
      transport: arrival.transport,
      era: caller.era,
      protocolVersion: caller.protocolVersion,
      address: arrival.address,
      correlationId: arrival.correlationId,
      traceparent: isTraceparent(traceparent) ? traceparent : undefined,
      clientInfo: caller.clientInfo,
    },
  } satisfies Call);
}

export interface Exchange {
  readonly call: Call;
  readonly arrival: InboundMessage;
  readonly relay: ClientChannel;
  /** Told whom the guard let through, before anything is sent. */
  readonly held?: (holder: string) => void;
}

/** Notifications of a client that servers hear of; all others end here. */
export const isPassedOn = (method: string): boolean => method === 'notifications/roots/list_changed';

export type GatewayMethod = (deps: EdgeDeps, permit: Permit, exchange: Exchange) => McpResult | Promise<McpResult>;

/** Runs a call that the gateway answers itself, or sends it on to what is behind. */
export function runCall(deps: EdgeDeps, exchange: Exchange, local?: GatewayMethod): Promise<Outcome> {
  const { call, arrival, relay, held } = exchange;
  const answer = local ?? LOCAL[call.method];
  return deps.guard.run(call, async (permit) => {
    const { server } = arrival.route;
    if (server !== undefined && !deps.view.servers().includes(server))
      throw new GuardError('not_found', { message: 'There is no such server.' });
    held?.(permitHolder(permit).principal.key);
    if (answer !== undefined) return answer(deps, permit, exchange);
    if (arrival.headers !== undefined && call.origin.era === 'modern')
      matchParamHeaders(deps.definitionOf(call.target), call.params['arguments'], arrival.headers);
    return deps.send(permit, relay);
  });
}

const done: GatewayMethod = (_deps, permit) => {
  spendPermit(permit);
  return { value: {} };
};

const LOCAL: Readonly<Record<string, GatewayMethod>> = Object.assign(
  Object.create(null) as Record<string, GatewayMethod>,
  {
    ping: done,
    'notifications/initialized': done,
    'notifications/progress': done,
    'server/discover': ((deps, permit, { arrival }) => {
      return { value: discoverResult(deps, { route: arrival.route, who: spendPermit(permit) }) };
    }) satisfies GatewayMethod,
  },
);
