/** Compares one live definition, as the gateway's own session shows it, with its pin. */
import type { Clock, DefinitionKind, Digest, JsonObject } from '@sallyport/guard';
import type { ServerSettings } from '../../snapshot.ts';
import type { UpstreamEvent } from '../deps.ts';
import type { DefinitionChange } from './definition-bytes.ts';
import { definitionKey } from './definition-key.ts';
import { digestOf } from './digest.ts';
import type { Drift } from './drift.ts';
import type { PinIndex } from './pin-index.ts';

/** A definition as a server showed it. */
export interface LiveDefinition {
  readonly settings: ServerSettings;
  readonly kind: DefinitionKind;
  readonly name: string;
  readonly document: JsonObject;
}

/** What a comparison found. */
export interface Comparison {
  /** The digest when the definition may be served; `undefined` when it may not. */
  readonly servedDigest: Digest | undefined;
  /** True when the gateway served something else under this name before. */
  readonly servedChanged: boolean;
  /** What must be written to the pins. */
  readonly change: DefinitionChange | undefined;
}

/** What a comparison uses. */
export interface CompareDeps {
  readonly clock: Clock;
  readonly drift: Drift;
  readonly report: (event: UpstreamEvent) => void;
}

/** Notes and reports drift. Writes nothing: the caller applies `change`. */
export function compareDefinition(deps: CompareDeps, pins: PinIndex, live: LiveDefinition): Comparison {
  const { settings, kind, name, document } = live;
  const server = settings.name;
  const digest = digestOf(kind, document);
  const key = definitionKey(server, kind, name);
  const pin = pins.get(server, kind, name);
  const first = { server, kind, name, digest, document, approvedAtMs: deps.clock.now(), approvedBy: 'first_use' };
  if (pin !== undefined && pins.isFromCaller(server, kind, name)) {
    const change: DefinitionChange = { kind: 'approve', pin: first };
    return { servedDigest: digest, servedChanged: pin.digest !== digest, change };
  }
  if (pin === undefined && settings.pin === 'approval')
    return { servedDigest: undefined, servedChanged: false, change: pendingChange(deps, pins, live, digest) };
  if (pin === undefined)
    return { servedDigest: digest, servedChanged: true, change: { kind: 'pin_if_absent', pin: first } };
  if (pin.digest !== digest) {
    if (!deps.drift.mark(key, digest)) return { servedDigest: undefined, servedChanged: false, change: undefined };
    deps.report({ kind: 'drift', server, definition: kind, name, pinned: pin.digest, seen: digest });
    return { servedDigest: undefined, servedChanged: true, change: pendingChange(deps, pins, live, digest) };
  }
  if (!deps.drift.clear(key)) return { servedDigest: digest, servedChanged: false, change: undefined };
  deps.report({ kind: 'restored', server, definition: kind, name });
  return { servedDigest: digest, servedChanged: true, change: undefined };
}

/** Filing the same definition again would only change the version, and make every reader read all pins again. */
function pendingChange(
  deps: CompareDeps,
  pins: PinIndex,
  live: LiveDefinition,
  digest: Digest,
): DefinitionChange | undefined {
  const { settings, kind, name, document } = live;
  if (pins.pendingDigest(settings.name, kind, name) === digest) return undefined;
  const pending = { server: settings.name, kind, name, digest, document, seenAtMs: deps.clock.now() };
  return { kind: 'save_pending', pending };
}
