/** What the parts of a gateway are composed from. */
import type { Clock, Guard, Log, Sealer } from '@sallyport/guard';
import type { SettingsHolder } from './active-settings.ts';
import type { IssuerKeys } from '@sallyport/server/jwks/keys';
import type { Database } from './adapters/kysely/database.ts';
import type { Metrics } from './adapters/prometheus/metrics.ts';
import type { SegmentAuditLog } from '@sallyport/server/segments/log';
import type { Activity } from './control/overview/activity.ts';
import type { GatewayApprovals } from './gateway-approvals.ts';
import type { LogShares } from './log-shares.ts';
import type { RefusedStrangers } from './refused-strangers.ts';
import type { Stores } from './stores.ts';
import type { Upstreams } from './upstream/upstreams.ts';

/** What is open as long as the process runs. */
export interface Resources {
  readonly activity: Activity;
  readonly clock: Clock;
  /** For waits, deadlines and ages. */
  readonly steadyClock: Clock;
  readonly log: Log;
  readonly store: Stores;
  readonly audit: SegmentAuditLog;
  readonly strangers: RefusedStrangers;
  readonly logShares: LogShares;
  readonly sealer: Sealer;
  readonly metrics: Metrics;
  readonly database: Database;
  readonly approvals: GatewayApprovals;
  readonly settings: SettingsHolder;
}

/** The guard, the servers behind it, and the keys of the issuers. */
export interface GuardedUpstreams {
  readonly guard: Guard;
  readonly upstreams: Upstreams;
  readonly issuerKeys: IssuerKeys;
}
