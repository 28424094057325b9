/** What the edge may know of the configured servers. */
import type { PinCatalog } from './pins/catalog.ts';
import type { ServerDirectory, ServerSettings } from '../snapshot.ts';

/**
 * The capabilities of a server of which nothing is pinned: it was not reached yet, or waits for approval. They promise
 * everything, because the edge could not add to them later.
 */
const ASSUMED_CAPABILITIES = {
  tools: { listChanged: true },
  prompts: { listChanged: true },
  resources: { listChanged: true, subscribe: true },
  completions: {},
  logging: {},
};

/** @param catalog knows what the servers say about themselves. */
export function createServerDirectory(
  servers: () => readonly ServerSettings[],
  catalog: Pick<PinCatalog, 'profile'>,
): ServerDirectory {
  let known: readonly ServerSettings[] = [];
  let names: readonly string[] = [];
  return {
    // Every call asks for the names, and they change with the configuration only.
    servers() {
      const configured = servers();
      if (configured !== known) {
        known = configured;
        names = configured.map(({ name }) => name).sort();
      }
      return names;
    },
    profile: (server) => {
      if (!servers().some(({ name }) => name === server)) return undefined;
      const assumed = {
        serverInfo: { name: server, version: '0' },
        capabilities: ASSUMED_CAPABILITIES,
        instructions: undefined,
      };
      return catalog.profile(server) ?? assumed;
    },
  };
}
