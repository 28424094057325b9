/** What the gateway answers itself, after the guard: `initialize` and `server/discover`. */
import {
  asObject,
  isObject,
  GuardError,
  spendPermit,
  type Identity,
  type JsonObject,
  type McpResult,
  type Outcome,
  type Permit,
} from '@sallyport/guard';
import type { EdgeDeps } from '../deps.ts';
import { hasCoreTasks, isLegacyVersion, NEWEST_LEGACY_VERSION, SUPPORTED_VERSIONS } from '../../mcp/revisions.ts';
import { serversOnRoute, type Route } from '../names/route.ts';
import { GATEWAY_INFO } from '../../mcp/implementation.ts';
import { META, TASKS_EXTENSION } from '../../mcp/meta-keys.ts';
import type { ClientConnection } from './connection.ts';
import type { InboundMessage } from './inbound-message.ts';

/** Capabilities that `/mcp` offers as the union of its servers' own. */
const COMBINED_CAPABILITIES = ['tools', 'prompts', 'resources', 'completions', 'logging', 'tasks', 'extensions'];

/** How long a client may cache the result of `server/discover`. */
const DISCOVER_TTL_MS = 10_000;

/** What one caller is shown of a server, or of the gateway. */
interface VisibleProfile {
  readonly serverInfo: JsonObject;
  readonly capabilities: JsonObject;
  readonly instructions: string | undefined;
}

/** `initialize`: opens a session for the caller that the guard let through. @throws GuardError `not_found`. */
export function answerInitialize(
  deps: EdgeDeps,
  inbound: InboundMessage,
  params: JsonObject,
  permit: Permit,
  connection: ClientConnection,
): McpResult {
  const { principal, tenant } = spendPermit(permit);
  const identity = { principal, tenant };
  const protocolVersion = negotiateVersion(params['protocolVersion']);
  connection.openSession(
    {
      protocolVersion,
      capabilities: isObject(params['capabilities']) ? params['capabilities'] : {},
      clientInfo: isObject(params['clientInfo']) ? params['clientInfo'] : undefined,
    },
    identity,
  );
  const profile = visibleProfile(deps, inbound, identity);
  const { tasks, ...others } = profile.capabilities;
  const capabilities = { ...others, ...(tasks !== undefined && hasCoreTasks(protocolVersion) && { tasks }) };
  return {
    value: { protocolVersion, capabilities, serverInfo: profile.serverInfo, ...instructionsOf(profile) },
  };
}

/** `server/discover` of 2026-07-28. @throws GuardError `not_found`. */
export function answerDiscover(deps: EdgeDeps, inbound: InboundMessage, permit: Permit): McpResult {
  const profile = visibleProfile(deps, inbound, spendPermit(permit));
  const { tasks: _legacyTasks, extensions, ...capabilities } = profile.capabilities;
  return {
    value: {
      supportedVersions: SUPPORTED_VERSIONS,
      // The gateway answers calls that wait for an approval with tasks, whatever the servers can do.
      capabilities: { ...capabilities, extensions: { ...asObject(extensions), [TASKS_EXTENSION]: {} } },
      ...instructionsOf(profile),
      ttlMs: DISCOVER_TTL_MS,
      _meta: { [META.serverInfo]: profile.serverInfo },
    },
  };
}

/** The `serverInfo` of modern results: the server's own only for callers who may know that it exists. */
export function serverInfoFor(
  { profileOf, maySee }: Pick<EdgeDeps, 'profileOf' | 'maySee'>,
  { server }: Route,
  { principal, tenant, definition }: Outcome,
): JsonObject | undefined {
  const isKnown =
    server !== undefined &&
    principal !== undefined &&
    tenant !== undefined &&
    (definition !== undefined || maySee({ principal, tenant }, server));
  return isKnown ? profileOf(server)?.serverInfo : GATEWAY_INFO;
}

/** The requested version when it is supported, else the newest legacy one (2025-11-25, lifecycle). */
const negotiateVersion = (requested: unknown): string =>
  isLegacyVersion(requested) ? requested : NEWEST_LEGACY_VERSION;

const instructionsOf = ({ instructions }: VisibleProfile): { readonly instructions?: string } =>
  instructions === undefined ? {} : { instructions };

/**
 * One server's own profile on `/mcp/{server}`; on `/mcp` the gateway's, with what any of its servers can do. A server
 * whose definitions are all hidden from the caller is not found (invariant 3).
 */
function visibleProfile(
  { profileOf, maySee }: Pick<EdgeDeps, 'profileOf' | 'maySee'>,
  { route, snapshot }: InboundMessage,
  identity: Identity,
): VisibleProfile {
  if (route.server !== undefined) {
    const profile = maySee(identity, route.server) ? profileOf(route.server) : undefined;
    if (profile === undefined) throw new GuardError('not_found', { message: 'There is no such server.' });
    return profile;
  }
  const capabilities: Record<string, JsonObject> = {};
  const instructions: string[] = [];
  for (const server of serversOnRoute(route, snapshot.servers)) {
    const profile = maySee(identity, server) ? profileOf(server) : undefined;
    if (profile?.instructions !== undefined) instructions.push(`${server}: ${profile.instructions}`);
    for (const name of COMBINED_CAPABILITIES) {
      const value = profile?.capabilities[name];
      if (value !== undefined) capabilities[name] = { ...capabilities[name], ...(value as JsonObject) };
    }
  }
  return {
    serverInfo: GATEWAY_INFO,
    capabilities,
    instructions: instructions.length === 0 ? undefined : instructions.join('\n\n'),
  };
}
