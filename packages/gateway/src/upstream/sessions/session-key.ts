/** The keys under which the pool keeps sessions and endpoints. */
import { jsonDigest, type JsonObject } from '@sallyport/guard';
import { canonicalize } from '@sallyport/guard/json';
import type { ServerSettings, ServerTransport } from '../../snapshot.ts';
import type { Owner } from './session.ts';

/** Settings are immutable, and every call needs their key. */
const endpointKeys = new WeakMap<ServerSettings, string>();

/** A server whose transport or era changed is another server: its sessions must not be mistaken for the old ones. */
export function endpointKey(settings: ServerSettings): string {
  const known = endpointKeys.get(settings);
  if (known !== undefined) return known;
  const key = `${settings.name} ${settings.era} ${JSON.stringify(partsOf(settings.transport))}`;
  endpointKeys.set(settings, key);
  return key;
}

/** The tools of a document are many, and their digest stands for them. */
const partsOf = (transport: ServerTransport): unknown =>
  transport.kind === 'openapi'
    ? { ...transport, tools: jsonDigest(JSON.parse(JSON.stringify(transport.tools)) as JsonObject), notes: [] }
    : transport;

/** Of a session that serves all principals. */
export const sharedSessionKey = (settings: ServerSettings): string => `* ${endpointKey(settings)}`;

/** @param capabilities what the session declares in the client's name: another declaration needs another session. */
export const ownedSessionKey = (settings: ServerSettings, owner: Owner, capabilities: JsonObject): string =>
  JSON.stringify([endpointKey(settings), owner.principal, owner.session, canonicalize(capabilities)]);
