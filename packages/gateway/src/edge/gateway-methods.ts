/** What the gateway answers itself, after the guard: the handshake, discovery, ping. */
import { GuardError, type JsonObject, type Outcome, type Identity } from '@sallyport/guard';
import type { EdgeDeps } from './deps.ts';
import { inRoute, type Route } from './names/route.ts';
import { hasCoreTasks, isLegacyVersion, NEWEST_LEGACY_VERSION, SUPPORTED_VERSIONS } from '../mcp/revisions.ts';

const SELF = { name: 'sallyport', title: 'Sallyport', version: '0.1.0' };

/** Served from here in every case, so they are promised for all servers together. */
const ALWAYS = ['tools', 'prompts', 'resources', 'completions', 'logging', 'tasks', 'extensions'];

interface VisibleProfile {
  readonly serverInfo: JsonObject;
  readonly capabilities: JsonObject;
  readonly instructions: string | undefined;
}

type Seen = Pick<EdgeDeps, 'view' | 'sees'>;

/**
 * One server's own face on `/mcp/{server}`; on `/mcp` the gateway's, with what any of its servers can do. A server of which
 * somebody may see nothing has no face for them (invariant 3).
 */
export function serverProfile({ view, sees }: Seen, route: Route, who: Identity): VisibleProfile {
  if (route.server !== undefined) {
    const face = sees(who, route.server) ? view.profile(route.server) : undefined;
    if (face === undefined) throw new GuardError('not_found', { message: 'There is no such server.' });
    return face;
  }
  const faces = inRoute(route, view.servers())
    .filter((server) => sees(who, server))
    .map((server) => ({ server, face: view.profile(server) }));
  const capabilities: Record<string, JsonObject> = {};
  for (const { face } of faces)
    for (const name of ALWAYS) {
      const value = face?.capabilities[name];
      if (value !== undefined) capabilities[name] = { ...capabilities[name], ...(value as JsonObject) };
    }
  const instructions = faces.flatMap(({ server, face }) =>
    face?.instructions === undefined ? [] : [`${server}: ${face.instructions}`],
  );
  return {
    serverInfo: SELF,
    capabilities,
    instructions: instructions.length === 0 ? undefined : instructions.join('\n\n'),
  };
}

/** Whom modern results say they come from: the server only to those who may know of it. */
export function serverInfoOf(
  { view, sees }: Seen,
  { server }: Route,
  { principal, tenant, definition }: Outcome,
): JsonObject | undefined {
  const known =
    server !== undefined &&
    principal !== undefined &&
    tenant !== undefined &&
    (definition !== undefined || sees({ principal, tenant }, server));
  return known ? view.profile(server)?.serverInfo : SELF;
}

/** Version negotiation: the one that was asked for when it is spoken here, else the newest legacy one. */
export const negotiate = (asked: unknown): string => (isLegacyVersion(asked) ? asked : NEWEST_LEGACY_VERSION);

interface Asking {
  readonly route: Route;
  readonly who: Identity;
}

/** Tasks of 2025-11-25 are a capability of that revision only; an older client would not know what to do with them. */
export function initializeResult(seen: Seen, { route, who }: Asking, protocolVersion: string): JsonObject {
  const {
    serverInfo,
    capabilities: { tasks, ...others },
    instructions,
  } = serverProfile(seen, route, who);
  const capabilities = { ...others, ...(tasks !== undefined && hasCoreTasks(protocolVersion) && { tasks }) };
  return { protocolVersion, capabilities, serverInfo, ...(instructions !== undefined && { instructions }) };
}

export function discoverResult(seen: Seen, { route, who }: Asking): JsonObject {
  const {
    serverInfo,
    capabilities: { tasks: _legacyTasks, ...capabilities },
    instructions,
  } = serverProfile(seen, route, who);
  return {
    supportedVersions: SUPPORTED_VERSIONS,
    capabilities,
    ...(instructions !== undefined && { instructions }),
    ttlMs: 10_000,
    _meta: { 'io.modelcontextprotocol/serverInfo': serverInfo },
  };
}
