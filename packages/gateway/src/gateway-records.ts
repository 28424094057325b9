/**
 * Records of the gateway itself, in the log of no tenant (`_`): its configuration, and requests that never became
 * calls.
 */
import { ERRORS, type Clock, type ErrorCode, type Log } from '@sallyport/guard';
import { logRecord, type AuditRecord } from '@sallyport/guard/audit';
import type { ActiveSettings } from './active-settings.ts';
import { AuditLogClosed, type SegmentAuditLog } from '@sallyport/server/segments/log';
import type { RefusedStrangers } from './refused-strangers.ts';

/** Invariant 11: every setting that weakens a protection is logged and recorded. */
export async function recordSettings(
  event: 'gateway.start' | 'gateway.reload',
  { snapshot, policies }: ActiveSettings,
  audit: SegmentAuditLog,
  clock: Clock,
  log: Log,
): Promise<void> {
  for (const weakening of snapshot.weakenings) log('warn', 'weakened', { weakening });
  const fields = { weakenings: snapshot.weakenings, config: snapshot.version, policies: policies.revision };
  const record = logRecord(event, fields, clock.now());
  try {
    await audit.append('_', record);
  } catch (cause) {
    // L3: `/ready` says so, and calls of tenants whose logs work are served.
    log('error', 'the settings could not be recorded; it is tried again', { cause: String(cause) });
    recordLater(record, audit);
  }
}

const TRY_AGAIN_MS = 1_000;

function recordLater(record: AuditRecord, audit: SegmentAuditLog): void {
  const tryAgain = (): void => {
    audit.append('_', record).catch((cause: unknown) => {
      if (!(cause instanceof AuditLogClosed)) setTimeout(tryAgain, TRY_AGAIN_MS).unref();
    });
  };
  setTimeout(tryAgain, TRY_AGAIN_MS).unref();
}

/** Records a request that was refused before it became a call. The response does not wait for it. */
export function recordRejectedRequest(
  code: ErrorCode,
  correlationId: string,
  address: string,
  strangers: RefusedStrangers,
  clock: Clock,
): void {
  const { errorCode } = ERRORS[code];
  const fields = { error_code: errorCode, correlation_id: correlationId, source_ip: address };
  strangers.add(logRecord('request.rejected', fields, clock.now()), errorCode, address);
}
