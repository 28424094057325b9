/**
 * What a server says about itself: words and capabilities are served as they were pinned (B13). Only the version is
 * followed without approval, while it is nothing but a number.
 */
import { isObject, type Digest, type JsonObject } from '@sallyport/guard';
import { canonicalize } from '@sallyport/guard/json';
import { knownServerCapabilities } from '@sallyport/server/mcp/known-capabilities';
import type { ServerProfile, ServerSettings } from '../../snapshot.ts';
import { compareDefinition, type LiveDefinition } from './compare-definition.ts';
import { pinnedOtherwise, type CompareListDeps } from './compare-list.ts';

/** The profiles of all servers. */
export interface ServerProfiles {
  /** Compares the profile that a server showed the gateway with its pin. */
  learn(settings: ServerSettings, profile: ServerProfile): Promise<void>;
  /** The profile to serve; `undefined` when nothing is pinned of it. */
  get(server: string): ServerProfile | undefined;
}

/** How many documents are remembered as written. */
const WRITTEN_MAX = 1_000;
const VERSION = /^v?[0-9]+(\.[0-9]+)*$/;
const VERSION_CHARACTERS_MAX = 32;

/** Nothing is known at first. */
export function createServerProfiles(deps: CompareListDeps): ServerProfiles {
  const written = new Set<string>();
  return {
    async learn(settings, profile) {
      const { name: server } = settings;
      const pins = await deps.current.fresh();
      const pinned = pins.get(server, 'server', '');
      const document = documentOf(profile, pinned?.document);
      const live: LiveDefinition = { settings, kind: 'server', name: '', document };
      const { change, servedDigest } = compareDefinition(deps, pins, live);
      if (change !== undefined) {
        await deps.store.apply([change]);
        const after = await deps.current.reload();
        if (pinned === undefined) await pinnedOtherwise(deps, after, [live]);
      } else if (pinned !== undefined && servedDigest !== undefined)
        await updateDocument(deps, written, live, servedDigest, pinned.document);
    },
    get: (server) => servedProfile(server, deps.current.index().get(server, 'server', '')?.document),
  };
}

function documentOf(profile: ServerProfile, pinned: JsonObject | undefined): JsonObject {
  const { serverInfo, capabilities, instructions } = profile;
  return {
    serverInfo: isPlainVersion(serverInfo['version']) ? serverInfo : withPinnedVersion(serverInfo, pinned),
    capabilities: knownServerCapabilities(capabilities),
    ...(instructions === undefined ? {} : { instructions }),
  };
}

const isPlainVersion = (version: unknown): boolean =>
  typeof version === 'string' && version.length <= VERSION_CHARACTERS_MAX && VERSION.test(version);

/** Any other version is a text, which nobody approved but at the first sight of the server. */
function withPinnedVersion(serverInfo: JsonObject, pinned: JsonObject | undefined): JsonObject {
  const known = isObject(pinned?.['serverInfo']) ? pinned['serverInfo']['version'] : undefined;
  return known === undefined ? serverInfo : { ...serverInfo, version: known };
}

/**
 * Only the version changed. It is written to the pin, so that it is known after a restart. Each document is written
 * once: a server that shows two of them in turn would otherwise make every reader of the pins read them again with
 * every session.
 */
async function updateDocument(
  deps: CompareListDeps,
  written: Set<string>,
  { settings, kind, name, document }: LiveDefinition,
  digest: Digest,
  pinnedDocument: JsonObject,
): Promise<void> {
  const text = canonicalize(document);
  const key = `${settings.name} ${text}`;
  if (text === canonicalize(pinnedDocument) || written.has(key)) return;
  if (written.size >= WRITTEN_MAX) written.clear();
  written.add(key);
  await deps.store.apply([{ kind: 'update_document', pin: { server: settings.name, kind, name, digest, document } }]);
  await deps.current.reload();
}

function servedProfile(server: string, pinned: JsonObject | undefined): ServerProfile | undefined {
  if (pinned === undefined) return undefined;
  const { serverInfo, capabilities, instructions } = pinned;
  return {
    serverInfo: isObject(serverInfo) ? serverInfo : { name: server, version: '0' },
    capabilities: isObject(capabilities) ? knownServerCapabilities(capabilities) : {},
    instructions: typeof instructions === 'string' ? instructions : undefined,
  };
}
