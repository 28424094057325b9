/**
 * The pinned definitions of the servers. The guard judges by them, and the upstreams are given the guard: so the
 * definitions come first, then the guard, then the upstreams.
 */
import type { DefinitionsDeps } from './deps.ts';
import { createSubscribers, type Subscribers } from './notifications/subscribers.ts';
import { createCatalog, type PinCatalog } from './pins/catalog.ts';

/** The definitions, and the subscribers that are notified when what is served changes. */
export interface ServerDefinitions {
  readonly catalog: PinCatalog;
  readonly subscribers: Subscribers;
}

/** Reads nothing yet; `loadPins` of the upstreams does. */
export function createServerDefinitions(deps: DefinitionsDeps): ServerDefinitions {
  const subscribers = createSubscribers((server) => catalog.isServed(server));
  const catalog = createCatalog({ ...deps, changed: subscribers.publishListChanged });
  return { subscribers, catalog };
}
