/** What the parts of the bridge share. */
import {
  GuardError,
  type JsonObject,
  type McpResult,
  type Permitted,
  type Sealer,
  type ClientChannel,
} from '@sallyport/guard';
import type { ServerSettings } from '../../snapshot.ts';
import type { PinCatalog } from '../pins/catalog.ts';
import type { Verifier } from '../pins/verify.ts';
import type { UpstreamDeps } from '../deps.ts';
import { eraMismatch } from '../sessions/era-mismatch.ts';
import type { SessionPool } from '../sessions/pool.ts';
import { ownerOf, type UpstreamSession } from '../sessions/session.ts';
import { transportErrorOf } from '../transports/failure.ts';
import type { ServerResult } from '../transports/transport.ts';
import { narrowCapabilities, ownCapabilities } from '../client-requests/capabilities.ts';
import type { Subscribers } from '../notifications/subscribers.ts';
import type { Levels } from '../notifications/log-levels.ts';
import type { TaskSeal } from './tasks.ts';

export interface CallDeps extends UpstreamDeps {
  readonly links: SessionPool;
  readonly definitions: PinCatalog;
  readonly verifier: Verifier;
  readonly ears: Subscribers;
  /** By id. */
  readonly held: Map<string, ParkedCall>;
  readonly levels: Levels;
}

/** One call on its way to one server. */
export interface Run {
  readonly permitted: Permitted;
  readonly relay: ClientChannel;
  readonly settings: ServerSettings;
  /** What may be asked of this client by this server. */
  readonly capabilities: JsonObject;
  readonly seal: TaskSeal;
}

/** Something that a legacy server asked while its call is held, and what becomes of the answer. */
export interface ParkedRequest {
  readonly method: string;
  readonly params: JsonObject;
  readonly resolve: (answer: JsonObject) => void;
  readonly reject: (why: GuardError) => void;
}

/** A call of a modern client that a legacy server answers only after it has asked something. */
export interface ParkedCall {
  readonly id: string;
  readonly run: Run;
  readonly seat: UpstreamSession;
  readonly abort: AbortController;
  readonly questions: Map<string, ParkedRequest>;
  answer: Promise<ServerResult>;
  /** The relay of the request that waits now; `undefined` between two rounds. */
  relay: ClientChannel | undefined;
  round: number;
  asked: number;
  wake: () => void;
  expiry: NodeJS.Timeout | undefined;
  /** The capability for want of which a question of the server was refused. */
  lacking: GuardError | undefined;
}

export function runOf(sealer: Sealer, permitted: Permitted, relay: ClientChannel, settings: ServerSettings): Run {
  return {
    permitted,
    relay,
    settings,
    // Discovery declares what is allowed, so that a server shows everything; there is nobody to ask, and nobody is asked.
    capabilities:
      permitted.call.credentials.kind === 'gateway'
        ? ownCapabilities(settings.clientRequests)
        : narrowCapabilities(relay.capabilities, settings.clientRequests),
    seal: { sealer, server: settings.name, principal: permitted.principal.key },
  };
}

/** Runs on a link of the caller's own; once more on a new link when the first one turned out to be gone, or of another era. */
export async function onSession<R>(bridge: CallDeps, run: Run, use: (seat: UpstreamSession) => Promise<R>): Promise<R> {
  for (let attempt = 0; ; attempt++) {
    const seat = await seatFor(bridge, run);
    try {
      return await use(seat);
    } catch (thrown) {
      const gone = transportErrorOf(thrown)?.unexecuted === true;
      const doubt = eraMismatch(seat.connection.era, thrown);
      if (gone || doubt !== undefined) bridge.links.discard(seat);
      if (attempt > 0 || !(gone || doubt === 'repeat') || run.permitted.call.signal.aborted) throw thrown;
    } finally {
      bridge.links.release(seat);
    }
  }
}

/** @throws GuardError as `Links.take`, or `cancelled` when the caller goes away first. */
function seatFor(
  bridge: CallDeps,
  { settings, permitted, capabilities }: Run,
): UpstreamSession | Promise<UpstreamSession> {
  const taking = bridge.links.acquire(settings, ownerOf(permitted), capabilities);
  return taking instanceof Promise ? unlessCancelled(bridge, taking, permitted.call.signal) : taking;
}

/** A caller that goes away does not wait for a link to open; the link is there for the next call. */
async function unlessCancelled(
  bridge: CallDeps,
  taking: Promise<UpstreamSession>,
  signal: AbortSignal,
): Promise<UpstreamSession> {
  const { promise, reject } = Promise.withResolvers<never>();
  const cancelled = (): void => reject(new GuardError('cancelled'));
  signal.addEventListener('abort', cancelled, { once: true });
  if (signal.aborted) cancelled();
  try {
    return await Promise.race([taking, promise]);
  } catch (thrown) {
    taking.then(bridge.links.release, () => undefined);
    throw thrown;
  } finally {
    signal.removeEventListener('abort', cancelled);
  }
}

/** The answer as the caller gets it. Its bytes stay only when nothing in it had to be changed. */
export function resultOf(answer: ServerResult, value: JsonObject): McpResult {
  return answer.value === value && answer.bytes !== undefined ? { value, bytes: answer.bytes } : { value };
}
