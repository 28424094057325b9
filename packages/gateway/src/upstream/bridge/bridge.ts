/** What the parts of the bridge share. */
import { GuardError, type JsonObject, type McpResult, type Permitted, type Relay } from '@sallyport/guard';
import type { ServerSettings } from '../../snapshot.ts';
import type { Definitions } from '../catalog/catalog.ts';
import type { Looker } from '../catalog/look.ts';
import type { UpstreamDeps } from '../deps.ts';
import { eraDoubt } from '../links/era-doubt.ts';
import type { Links } from '../links/links.ts';
import { ownerOf, type Seat } from '../links/seat.ts';
import { hopError } from '../wire/failure.ts';
import type { Answer } from '../wire/link.ts';
import { narrowCapabilities } from './capabilities.ts';
import type { Ears } from './ears.ts';
import type { Levels } from './levels.ts';
import type { TaskSeal } from './tasks.ts';

export interface Bridge extends UpstreamDeps {
  readonly links: Links;
  readonly definitions: Definitions;
  readonly looker: Looker;
  readonly ears: Ears;
  /** By id. */
  readonly held: Map<string, HeldCall>;
  readonly levels: Levels;
}

/** One call on its way to one server. */
export interface Run {
  readonly permitted: Permitted;
  readonly relay: Relay;
  readonly settings: ServerSettings;
  /** What may be asked of this client by this server. */
  readonly capabilities: JsonObject;
  readonly seal: TaskSeal;
}

/** Something that a legacy server asked while its call is held, and what becomes of the answer. */
export interface HeldQuestion {
  readonly method: string;
  readonly params: JsonObject;
  readonly resolve: (answer: JsonObject) => void;
  readonly reject: (why: GuardError) => void;
}

/** A call of a modern client that a legacy server answers only after it has asked something. */
export interface HeldCall {
  readonly id: string;
  readonly run: Run;
  readonly seat: Seat;
  readonly abort: AbortController;
  readonly questions: Map<string, HeldQuestion>;
  answer: Promise<Answer>;
  /** The relay of the request that waits now; `undefined` between two rounds. */
  relay: Relay | undefined;
  round: number;
  asked: number;
  wake: () => void;
  expiry: NodeJS.Timeout | undefined;
  /** The capability for want of which a question of the server was refused. */
  lacking: GuardError | undefined;
}

export function runOf(bridge: Bridge, permitted: Permitted, relay: Relay, settings: ServerSettings): Run {
  return {
    permitted,
    relay,
    settings,
    // Discovery declares what is allowed, so that a server shows everything; there is nobody to ask, and nobody is asked.
    capabilities:
      permitted.call.credentials.kind === 'gateway'
        ? bridge.looker.capabilities(settings)
        : narrowCapabilities(relay.capabilities, settings.clientRequests),
    seal: { sealer: bridge.sealer, server: settings.name, principal: permitted.principal.key },
  };
}

/** Runs on a link of the caller's own; once more on a new link when the first one turned out to be gone, or of another era. */
export async function onSeat<R>(bridge: Bridge, run: Run, use: (seat: Seat) => Promise<R>): Promise<R> {
  for (let attempt = 0; ; attempt++) {
    const seat = await seatFor(bridge, run);
    try {
      return await use(seat);
    } catch (thrown) {
      const gone = hopError(thrown)?.unexecuted === true;
      const doubt = eraDoubt(seat.link.era, thrown);
      if (gone || doubt !== undefined) bridge.links.forget(seat);
      if (attempt > 0 || !(gone || doubt === 'repeat') || run.permitted.call.signal.aborted) throw thrown;
    } finally {
      bridge.links.leave(seat);
    }
  }
}

/** @throws GuardError as `Links.take`, or `cancelled` when the caller goes away first. */
function seatFor(bridge: Bridge, { settings, permitted, capabilities }: Run): Seat | Promise<Seat> {
  const taking = bridge.links.take(settings, ownerOf(permitted), capabilities);
  return taking instanceof Promise ? unlessCancelled(bridge, taking, permitted.call.signal) : taking;
}

/** A caller that goes away does not wait for a link to open; the link is there for the next call. */
async function unlessCancelled(bridge: Bridge, taking: Promise<Seat>, signal: AbortSignal): Promise<Seat> {
  const { promise, reject } = Promise.withResolvers<never>();
  const cancelled = (): void => reject(new GuardError('cancelled'));
  signal.addEventListener('abort', cancelled, { once: true });
  if (signal.aborted) cancelled();
  try {
    return await Promise.race([taking, promise]);
  } catch (thrown) {
    taking.then(bridge.links.leave, () => undefined);
    throw thrown;
  } finally {
    signal.removeEventListener('abort', cancelled);
  }
}

/** The answer as the caller gets it. Its bytes stay only when nothing in it had to be changed. */
export function resultOf(answer: Answer, value: JsonObject): McpResult {
  return answer.value === value && answer.bytes !== undefined ? { value, bytes: answer.bytes } : { value };
}
