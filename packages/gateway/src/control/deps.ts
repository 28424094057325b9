/** What the endpoints of the control API work with. An endpoint names what it needs: `Pick<ApiDeps, 'approvals'>`. */
import type { Approvals, AuditLog, Clock, Definition } from '@sallyport/guard';
import type { Cursors } from './api/cursor.ts';

/** The ports of all endpoints. */
export interface ApiDeps {
  readonly approvals: Approvals;
  /** Where changes are recorded. */
  readonly audit: AuditLog;
  readonly clock: Clock;
  readonly cursors: Cursors;
  /** The approved definition of a tool. */
  readonly toolOf: (server: string, tool: string) => Definition | undefined;
  /** The description of this API. */
  readonly openApi: () => Record<string, unknown>;
}
