/** What the composition gives to upstream, and what upstream reports. */
import type { Clock, DefinitionKind, ErrorCode, JsonObject, Log, Permitted, PinStore, Sealer } from '@sallyport/guard';
import type { ServerSettings } from '../snapshot.ts';
import type { AskAsGateway } from './pins/own-view.ts';

/** For metrics and alarms. Names are configured or cleaned; nothing else in it comes from a server. */
export type UpstreamEvent =
  | { readonly kind: 'upstream_error'; readonly server: string; readonly code: ErrorCode }
  | {
      readonly kind: 'drift';
      readonly server: string;
      readonly definition: DefinitionKind;
      readonly name: string;
      readonly pinned: string;
      readonly seen: string;
    }
  | { readonly kind: 'restored'; readonly server: string; readonly definition: DefinitionKind; readonly name: string }
  | {
      readonly kind: 'withheld';
      readonly server: string;
      readonly definition: DefinitionKind;
      readonly name: string;
      readonly reason: string;
    };

/**
 * Puts a request that a server makes of the client through the guard, on behalf of a call.
 *
 * @param deliver runs when the request may go to the client. @returns the client's answer. @throws GuardError.
 */
export type RunClientRequest = (
  permitted: Permitted,
  method: string,
  params: JsonObject,
  deliver: () => Promise<JsonObject>,
) => Promise<JsonObject>;

/** What the definitions of servers are made from. */
export interface DefinitionsDeps {
  /** The configured servers; another list after a reload. */
  readonly servers: () => readonly ServerSettings[];
  readonly pins: PinStore;
  /** How long pins that were read last are used while the store does not answer; `undefined`: for some seconds. */
  readonly outageMs?: number | undefined;
  readonly clock: Clock;
  readonly log: Log;
  readonly report: (event: UpstreamEvent) => void;
}

/** What the composition gives to upstream besides the definitions. */
export interface UpstreamDeps extends Omit<DefinitionsDeps, 'pins' | 'outageMs'> {
  /** For waits and ages: it is never set. */
  readonly steadyClock: Clock;
  readonly sealer: Sealer;
  readonly runClientRequest: RunClientRequest;
  readonly askAsGateway: AskAsGateway;
  /**
   * PATH, HOME, LANG and TMPDIR: all that a child process gets besides its settings (`childEnvironment` in config.ts).
   */
  readonly environment: Readonly<Record<string, string>>;
}
