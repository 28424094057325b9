/** What a server says about itself. Its words are served as they were pinned; its capabilities as they are now. */
import { isObject, type Digest, type JsonObject } from '@sallyport/guard';
import { canonicalize } from '@sallyport/guard/json';
import type { ServerProfile, ServerSettings } from '../../snapshot.ts';
import { compareDefinition, type LiveDefinition } from './compare-definition.ts';
import { pinnedOtherwise, type CompareListDeps } from './compare-list.ts';

/** The profiles of all servers. */
export interface ServerProfiles {
  /** Compares the profile that a server showed with its pin. @param viewer who saw it (`viewerOf`). */
  learn(settings: ServerSettings, profile: ServerProfile, viewer: string): Promise<void>;
  /** The profile to serve; `undefined` when the server was never reached. */
  get(server: string): ServerProfile | undefined;
}

/** How many documents are remembered as written. */
const WRITTEN_MAX = 1_000;

/** No server was reached at first. */
export function createServerProfiles(deps: CompareListDeps): ServerProfiles {
  /** The capabilities that each server declared last, with a neutral name: its words may not be approved yet. */
  const declared = new Map<string, ServerProfile>();
  const written = new Set<string>();
  return {
    async learn(settings, profile, viewer) {
      const { name: server } = settings;
      const { capabilities } = profile;
      declared.set(server, { serverInfo: { name: server, version: '0' }, capabilities, instructions: undefined });
      const live: LiveDefinition = { settings, kind: 'server', name: '', document: documentOf(profile), viewer };
      const pins = await deps.current.fresh();
      const pinned = pins.get(server, 'server', '');
      const { change, servedDigest } = compareDefinition(deps, pins, live);
      if (change !== undefined) {
        await deps.store.apply([change]);
        const after = await deps.current.reload();
        if (pinned === undefined) await pinnedOtherwise(deps, after, [live]);
      } else if (pinned !== undefined && servedDigest !== undefined)
        await updateDocument(deps, written, live, servedDigest, pinned.document);
    },
    get: (server) =>
      servedProfile(server, deps.current.index().get(server, 'server', '')?.document, declared.get(server)),
  };
}

function documentOf({ serverInfo, capabilities, instructions }: ServerProfile): JsonObject {
  return { serverInfo, capabilities, ...(instructions === undefined ? {} : { instructions }) };
}

/**
 * The words are the pinned ones, but the version or the capabilities changed. They are written to the pin, so that they
 * are known after a restart. Each document is written once: a server that shows two of them in turn would otherwise
 * make every reader of the pins read them again with every session.
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

function servedProfile(
  server: string,
  pinned: JsonObject | undefined,
  declared: ServerProfile | undefined,
): ServerProfile | undefined {
  if (pinned === undefined) return declared;
  const { serverInfo, capabilities, instructions } = pinned;
  return {
    serverInfo: isObject(serverInfo) ? serverInfo : { name: server, version: '0' },
    capabilities: declared?.capabilities ?? (isObject(capabilities) ? capabilities : {}),
    instructions: typeof instructions === 'string' ? instructions : undefined,
  };
}
