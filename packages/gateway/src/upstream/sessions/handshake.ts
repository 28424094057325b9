/** The first words with a server: `server/discover` (2026-07-28), else `initialize`. */
import { GuardError, isObject, type JsonObject } from '@sallyport/guard';
import type { ServerProfile } from '../../snapshot.ts';
import { CLIENT_INFO } from '../deps.ts';
import { transportErrorOf, transportFailure, remoteErrorOf } from '../transports/failure.ts';
import { gatewayRequest, type Transport } from '../transports/transport.ts';
import { modernMeta } from './meta.ts';
import { isLegacyVersion, MODERN_VERSION, NEWEST_LEGACY_VERSION } from '../../mcp/revisions.ts';
import { META, metaOf } from '../../mcp/meta-keys.ts';

export interface Handshake {
  readonly version: string;
  readonly profile: ServerProfile;
}

const MAX_HELLO_BYTES = 1024 * 1024;

/** @returns `undefined` when the server does not know 2026-07-28. @throws GuardError when it cannot be reached at all. */
export async function discover(
  wire: Transport,
  capabilities: JsonObject,
  timeoutMs: number,
): Promise<Handshake | undefined> {
  try {
    return await ask(wire, capabilities, timeoutMs);
  } catch (thrown) {
    if (offersModern(thrown)) return ask(wire, capabilities, timeoutMs);
    if (meansLegacy(thrown)) return undefined;
    throw thrown;
  }
}

/** A refusal of the version that names it among the supported ones is a server in a change: it is asked once more. */
function offersModern(thrown: unknown): boolean {
  const remote = remoteErrorOf(thrown);
  return (
    remote?.code === -32022 &&
    isObject(remote.data) &&
    Array.isArray(remote.data['supported']) &&
    remote.data['supported'].includes(MODERN_VERSION)
  );
}

async function ask(wire: Transport, capabilities: JsonObject, timeoutMs: number): Promise<Handshake | undefined> {
  const request = gatewayRequest('server/discover', { _meta: modernMeta(capabilities) }, timeoutMs, MAX_HELLO_BYTES);
  const { value } = await wire.request({ ...request, headers: {} });
  if (!Array.isArray(value['supportedVersions']) || !value['supportedVersions'].includes(MODERN_VERSION))
    return undefined;
  return {
    version: MODERN_VERSION,
    profile: serverProfileOf(metaOf(value)?.[META.serverInfo], value),
  };
}

/** A server that answers the question badly, or not at all, is older than the question. */
function meansLegacy(thrown: unknown): boolean {
  if (remoteErrorOf(thrown) !== undefined) return true;
  if (!(thrown instanceof GuardError)) return false;
  if (thrown.code === 'upstream_timeout' || thrown.code === 'missing_client_capability') return true;
  const hop = transportErrorOf(thrown);
  if (hop === undefined) return false;
  const { status } = hop;
  return status !== undefined && status < 500 && ![301, 302, 303, 307, 308, 401, 403, 407, 429].includes(status);
}

/** @throws GuardError `upstream_failed` when the server answers with a revision that is not known here. */
export async function initialize(wire: Transport, capabilities: JsonObject, timeoutMs: number): Promise<Handshake> {
  const params = { protocolVersion: NEWEST_LEGACY_VERSION, capabilities, clientInfo: CLIENT_INFO };
  const { value } = await wire.request(gatewayRequest('initialize', params, timeoutMs, MAX_HELLO_BYTES));
  const version = value['protocolVersion'];
  if (!isLegacyVersion(version)) throw transportFailure('the server speaks no known revision');
  return { version, profile: serverProfileOf(value['serverInfo'], value) };
}

function serverProfileOf(info: unknown, { capabilities, instructions }: JsonObject): ServerProfile {
  return {
    serverInfo: isObject(info) && typeof info['name'] === 'string' ? info : { name: 'unknown', version: '0' },
    capabilities: isObject(capabilities) ? capabilities : {},
    instructions: typeof instructions === 'string' ? instructions.slice(0, 65_536) : undefined,
  };
}
