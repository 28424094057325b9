/** The handshake with a server: `server/discover` (2026-07-28), else `initialize`. */
import { GuardError, isObject, type JsonObject } from '@sallyport/guard';
import type { ServerProfile, ServerSettings } from '../../snapshot.ts';
import { RPC_ERROR } from '@sallyport/server/mcp/error-codes';
import { CLIENT_INFO } from '@sallyport/server/mcp/implementation';
import { META, metaOf } from '@sallyport/server/mcp/meta-keys';
import { isLegacyVersion, MODERN_VERSION, NEWEST_LEGACY_VERSION } from '@sallyport/server/mcp/revisions';
import { modernMeta } from './gateway-meta.ts';
import { remoteErrorOf, transportErrorOf, transportFailure } from './failure.ts';
import { gatewayRequest, type Transport } from './transport.ts';

/** What a handshake agreed on. */
export interface Handshake {
  /** The protocol revision that was agreed on. */
  readonly version: string;
  readonly profile: ServerProfile;
}

const HANDSHAKE_BYTES_MAX = 1024 * 1024;
const HANDSHAKE_MS_MAX = 60_000;
/** How long `server/discover` may stay without an answer before the era is in doubt: a legacy server may ignore it. */
export const PROBE_MS_MAX = 5_000;
const INSTRUCTIONS_CHARACTERS_MAX = 65_536;
/** Redirects, missing authorization and overload say nothing about the era. */
const STATUS_WITHOUT_ERA: ReadonlySet<number> = new Set([301, 302, 303, 307, 308, 401, 403, 407, 429]);

/** How long `initialize` may take. */
export const handshakeTimeoutMs = ({ timeoutMs }: ServerSettings): number => Math.min(timeoutMs, HANDSHAKE_MS_MAX);

/** Of `server/discover` over HTTP: short, because `initialize` comes after it. */
export const probeTimeoutMs = ({ timeoutMs }: ServerSettings): number => Math.min(timeoutMs / 2, PROBE_MS_MAX);

/**
 * @param capabilities what is declared in the client's name.
 * @returns `undefined` when the server does not know 2026-07-28.
 * @throws GuardError when the server cannot be reached at all; `upstream_timeout` when it gave no answer.
 */
export async function discover(
  transport: Transport,
  capabilities: JsonObject,
  timeoutMs: number,
): Promise<Handshake | undefined> {
  try {
    return await requestDiscover(transport, capabilities, timeoutMs);
  } catch (thrown) {
    if (listsModern(thrown)) return requestDiscover(transport, capabilities, timeoutMs);
    if (meansLegacy(thrown)) return undefined;
    throw thrown;
  }
}

/** A server that refuses the version and lists it as supported is being updated: the gateway asks once more. */
function listsModern(thrown: unknown): boolean {
  const remote = remoteErrorOf(thrown);
  if (remote?.code !== RPC_ERROR.unsupportedVersion || !isObject(remote.data)) return false;
  const { supported } = remote.data;
  return Array.isArray(supported) && supported.includes(MODERN_VERSION);
}

async function requestDiscover(
  transport: Transport,
  capabilities: JsonObject,
  timeoutMs: number,
): Promise<Handshake | undefined> {
  const params = { _meta: modernMeta(capabilities) };
  const { value } = await transport.request(gatewayRequest('server/discover', params, timeoutMs, HANDSHAKE_BYTES_MAX));
  const { supportedVersions } = value;
  if (!Array.isArray(supportedVersions) || !supportedVersions.includes(MODERN_VERSION)) return undefined;
  return { version: MODERN_VERSION, profile: serverProfileOf(metaOf(value)?.[META.serverInfo], value) };
}

/** A server that answers `server/discover` with an error predates it. */
function meansLegacy(thrown: unknown): boolean {
  if (remoteErrorOf(thrown) !== undefined) return true;
  if (!(thrown instanceof GuardError)) return false;
  if (thrown.code === 'missing_client_capability') return true;
  const status = transportErrorOf(thrown)?.status;
  return status !== undefined && status < 500 && !STATUS_WITHOUT_ERA.has(status);
}

/** A server that refuses `initialize` in this way speaks 2026-07-28 and nothing before it. */
export const isModernOnly = (thrown: unknown): boolean => remoteErrorOf(thrown)?.code === RPC_ERROR.unsupportedVersion;

/** The failure of a server that is configured as modern and is not. */
export const speaksNoModern = (): GuardError =>
  transportFailure('the server does not speak 2026-07-28, which its setting `era` demands');

/**
 * Closes the transport when the handshake fails.
 *
 * @param capabilities what is declared in the client's name.
 * @throws GuardError `upstream_failed` when the server answers with a revision that the gateway does not know.
 */
export async function initialize(
  transport: Transport,
  capabilities: JsonObject,
  timeoutMs: number,
): Promise<Handshake> {
  try {
    return await requestInitialize(transport, capabilities, timeoutMs);
  } catch (thrown) {
    await transport.close();
    throw thrown;
  }
}

async function requestInitialize(
  transport: Transport,
  capabilities: JsonObject,
  timeoutMs: number,
): Promise<Handshake> {
  const params = { protocolVersion: NEWEST_LEGACY_VERSION, capabilities, clientInfo: CLIENT_INFO };
  const { value } = await transport.request(gatewayRequest('initialize', params, timeoutMs, HANDSHAKE_BYTES_MAX));
  const version = value['protocolVersion'];
  if (!isLegacyVersion(version)) throw transportFailure('the server speaks no known revision');
  return { version, profile: serverProfileOf(value['serverInfo'], value) };
}

function serverProfileOf(serverInfo: unknown, { capabilities, instructions }: JsonObject): ServerProfile {
  const isNamed = isObject(serverInfo) && typeof serverInfo['name'] === 'string';
  return {
    serverInfo: isNamed ? serverInfo : { name: 'unknown', version: '0' },
    capabilities: isObject(capabilities) ? capabilities : {},
    instructions: typeof instructions === 'string' ? instructions.slice(0, INSTRUCTIONS_CHARACTERS_MAX) : undefined,
  };
}
