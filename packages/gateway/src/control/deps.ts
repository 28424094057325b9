/** What the endpoints of the control API work with. An endpoint names what it needs: `Pick<ApiDeps, 'approvals'>`. */
import type { Approvals, AuditLog, Clock, Definition, KeyStore, PinStore } from '@sallyport/guard';
import type { Redactor } from '@sallyport/guard/audit';
import type { Cursors } from './api/cursor.ts';
import type { TenantRecords } from './calls/records.ts';
import type { NewsFeed } from './events/news.ts';
import type { Activity } from './overview/activity.ts';
import type { RecentChanges } from './overview/changes.ts';
import type { Installation } from './overview/installation.ts';
import type { Trials } from './policies/trial.ts';
import type { Passkeys } from './passkeys/passkeys.ts';
import type { Issuers, Servers } from './servers/servers.ts';
import type { Sessions } from './sign-in/sessions.ts';

/** The ports of all endpoints. */
export interface ApiDeps {
  /** Who called what lately. */
  readonly activity: Activity;
  readonly approvals: Approvals;
  /** Where changes are recorded. */
  readonly audit: AuditLog;
  /** What changed lately, for the overview. */
  readonly changes: RecentChanges;
  readonly clock: Clock;
  readonly cursors: Cursors;
  /** What is the same for every tenant. */
  readonly installation: () => Installation;
  readonly issuers: Issuers;
  readonly keys: KeyStore;
  readonly news: NewsFeed;
  readonly passkeys: Passkeys;
  readonly pins: PinStore;
  /** Shows arguments as records show them. */
  readonly redactor: Redactor;
  /** The audit logs, read. */
  readonly records: TenantRecords;
  readonly servers: Servers;
  /** Judges calls that nobody makes. */
  readonly trials: Trials;
  /** The approved definition of a tool. */
  readonly toolOf: (server: string, tool: string) => Definition | undefined;
  /** Sessions of browsers. */
  readonly sessions: Sessions;
  readonly isDemo: () => boolean;
  /** The description of this API. */
  readonly openApi: () => Record<string, unknown>;
}
