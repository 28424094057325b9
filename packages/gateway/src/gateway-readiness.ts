/** What `/ready` asks: the log, the store, the issuers and the servers. */
import type { SettingsHolder } from './active-settings.ts';
import type { IssuerKeys } from '@sallyport/server/jwks/keys';
import type { SegmentAuditLog } from '@sallyport/server/segments/log';
import type { Database } from './adapters/kysely/database.ts';
import type { Check } from './control/ready.ts';
import type { Discovery } from './discovery.ts';
import type { Stores } from './stores.ts';
import type { Upstreams } from './upstream/upstreams.ts';

/** What the checks look at. */
export interface ReadinessDeps {
  readonly audit: SegmentAuditLog;
  readonly store: Stores;
  readonly database: Database;
  readonly settings: SettingsHolder;
  readonly issuerKeys: IssuerKeys;
  readonly upstreams: Upstreams;
  readonly discovery: Discovery | undefined;
  /** Aborted when the gateway begins to stop. */
  readonly stopping: AbortSignal;
}

const messageOf = (thrown: unknown): string => (thrown instanceof Error ? thrown.message : 'failed');

/** What is wrong with the log of each tenant. */
const tenantFaults = (audit: SegmentAuditLog): Readonly<Record<string, string | undefined>> =>
  Object.fromEntries(
    [...audit.faults()]
      .filter(([tenant]) => tenant !== '_')
      .map(([tenant, fault]) => [tenant, fault === undefined ? undefined : messageOf(fault)]),
  );

/** The checks of `/ready`. */
export const readinessChecks = ({
  audit,
  store,
  database,
  settings,
  issuerKeys,
  upstreams,
  discovery,
  stopping,
}: ReadinessDeps): readonly Check[] => [
  { name: 'audit', run: () => audit.probe().then(() => undefined, messageOf) },
  // L3: one tenant whose log takes no records is named, and takes the gateway from nobody else.
  { name: 'audit.tenants', required: false, run: () => tenantFaults(audit) },
  { name: 'store', run: () => store.check() },
  // Only calls that people must approve need it, so the gateway serves the others without it.
  {
    name: 'approvals',
    required: false,
    run: () =>
      database.probe().then(
        () => undefined,
        () => 'requests for approval cannot be kept now',
      ),
  },
  { name: 'issuers', run: () => issuerKeys.ready() },
  {
    name: 'servers',
    run: () => {
      if (stopping.aborted) return 'the gateway stops';
      const { servers } = settings.current();
      const failures = Object.entries(upstreams.ready()).map(([server, reason]) => {
        if (discovery?.isWaiting(server) === true)
          return [server, 'its first start or connection is under way'] as const;
        if (reason === undefined || servers.get(server)?.required === true) return [server, reason] as const;
        return [server, { tolerated: reason }] as const;
      });
      return Object.fromEntries(failures);
    },
  },
];
