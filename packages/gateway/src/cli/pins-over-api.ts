/** The pins of a running gateway, over its control API: its roles apply, and its records say who changed them. */
import {
  asObject,
  isObject,
  type DefinitionKind,
  type Digest,
  type JsonObject,
  type PendingPin,
  type Pin,
} from '@sallyport/guard';
import { adminItems, adminRequest, type AdminTarget } from './admin-client.ts';
import type { PinAccess } from './pins-selection.ts';

const SERVERS = '/api/v1/servers';

const pathOf = (server: string, kind: string, name: string): string =>
  `${SERVERS}/${encodeURIComponent(server)}/definitions/${kind}/${encodeURIComponent(name === '' ? server : name)}`;

/** Names of the configured servers. */
export const serversOverApi = async (target: AdminTarget): Promise<readonly string[]> =>
  (await adminItems(target, SERVERS)).map(({ name }) => String(name));

/** Approves and rejects one definition after the other: each is a change of its own in the records of the gateway. */
export function pinsOverApi(target: AdminTarget): PinAccess {
  const definitions = async (): Promise<readonly (readonly [server: string, definition: JsonObject])[]> => {
    const all: (readonly [string, JsonObject])[] = [];
    for (const server of await serversOverApi(target))
      for (const definition of await adminItems(target, `${SERVERS}/${encodeURIComponent(server)}/definitions`))
        all.push([server, definition]);
    return all;
  };
  return {
    pins: async () =>
      (await definitions()).flatMap(([server, definition]) => {
        const document = definition['definition'];
        return isObject(document) ? [pinOf(server, definition, document)] : [];
      }),
    async pending() {
      const waiting = (await definitions()).filter(
        ([, { state }]) => state === 'pending' || state === 'changed' || state === 'rejected',
      );
      const pending: PendingPin[] = [];
      for (const [server, definition] of waiting) {
        const named = namedOf(server, definition);
        const detail = await adminRequest(target, pathOf(server, named.kind, named.name));
        pending.push({
          ...named,
          digest: String(detail['digest']) as Digest,
          document: asObject(detail['live']),
          seenAtMs: Date.parse(String(detail['seen_at'])),
          ...(definition['state'] === 'rejected' && {
            rejected: {
              atMs: Date.parse(String(definition['rejected_at'])),
              by: String(definition['rejected_by']),
            },
          }),
        });
      }
      return pending;
    },
    async apply(changes) {
      for (const change of changes) {
        if (change.kind !== 'approve' && change.kind !== 'reject')
          throw new Error('the control API approves and rejects definitions, and changes no others');
        const { server, kind, name, digest } = change.kind === 'approve' ? change.pin : change.pending;
        await adminRequest(target, `${pathOf(server, kind, name)}/${change.kind}`, { digest });
      }
    },
  };
}

function namedOf(server: string, { kind, name }: JsonObject): Pick<Pin, 'server' | 'kind' | 'name'> {
  const known = String(kind) as DefinitionKind;
  return { server, kind: known, name: known === 'server' ? '' : String(name) };
}

const pinOf = (server: string, definition: JsonObject, document: JsonObject): Pin => ({
  ...namedOf(server, definition),
  digest: String(definition['pinned_digest']) as Digest,
  document,
  approvedAtMs: Date.parse(String(definition['pinned_at'])),
  approvedBy: String(definition['pinned_by']),
});
