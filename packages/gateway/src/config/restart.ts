/** The settings that a reload cannot change. A reload names those that changed. */
import { isDeepStrictEqual } from 'node:util';
import type { Snapshot } from '../snapshot.ts';

/** Settings that are read once, when a listener or a file is opened. */
const READ_AT_START: Readonly<Record<string, (snapshot: Snapshot) => unknown>> = {
  'gateway.listen': ({ gateway }) => [gateway.listen.host, gateway.listen.port],
  'gateway.tls': ({ gateway }) => gateway.listen.tls,
  'gateway.behindTlsProxy': ({ gateway }) => gateway.listen.behindTlsProxy,
  'admin.listen': ({ admin }) => [admin.listen.host, admin.listen.port],
  'admin.tls': ({ admin }) => admin.listen.tls,
  'admin.behindTlsProxy': ({ admin }) => admin.listen.behindTlsProxy,
  data: ({ dataFolder }) => dataFolder,
  database: ({ database }) => database,
  'audit.folder': ({ audit }) => audit.folder,
  'audit.origin': ({ audit }) => audit.origin,
  'audit.segment': ({ audit }) => audit.segmentBytes,
  'approvals.channels': ({ approvals }) => approvals.channels,
  demo: ({ demo }) => demo,
};

/** @returns the names of settings that differ and wait for a restart. */
export const needRestart = (started: Snapshot, next: Snapshot): readonly string[] =>
  Object.entries(READ_AT_START).flatMap(([name, read]) => (isDeepStrictEqual(read(started), read(next)) ? [] : [name]));
