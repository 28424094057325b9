/** Every change through the control API, in the audit log of its tenant: who, what, before and after. */
import { GuardError, type AuditRecord, type Json, type JsonObject, type MaybePromise } from '@sallyport/guard';
import { changeRecord } from '@sallyport/guard/audit';
import type { ApiCaller } from './api/access.ts';
import type { ApiDeps } from './deps.ts';

/** What is about to be changed. */
export interface Change {
  /** Such as `pin.approve`. */
  readonly operation: string;
  /** What is changed, by name: an id, a server. */
  readonly target: JsonObject;
  /** The state that the caller changes, without secrets. */
  readonly before: Json;
}

/** What a change came to. */
export interface Changed<Result> {
  readonly result: Result;
  /** The state now, without secrets. */
  readonly after: Json;
}

/**
 * Makes a change between two records. The intent is durable before anything is changed, so that nothing is changed
 * without a record; the outcome says what came of it. Both have one correlation id.
 *
 * @throws GuardError `audit_unavailable` when nothing could be recorded and so nothing was changed.
 */
export async function recordChange<Result>(
  { audit, clock }: Pick<ApiDeps, 'audit' | 'clock'>,
  caller: ApiCaller,
  change: Change,
  make: () => MaybePromise<Changed<Result>>,
): Promise<Result> {
  const id = crypto.randomUUID();
  const fields = { correlation_id: id, ...whoOf(caller), target: change.target, before: change.before };
  const append = async (record: AuditRecord): Promise<void> => {
    try {
      await audit.append(caller.tenant.id, record);
    } catch (cause) {
      throw new GuardError('audit_unavailable', { cause, retryAfterSeconds: 5 });
    }
  };
  const record = (status: 'success' | 'error' | undefined, more: JsonObject): Promise<void> =>
    append(changeRecord(change.operation, { ...fields, ...more }, id, status, clock.now()));
  await record(undefined, {});
  let changed: Changed<Result>;
  try {
    changed = await make();
  } catch (thrown) {
    // The record of the failure must not hide the failure.
    await record('error', {}).catch(() => undefined);
    throw thrown;
  }
  await record('success', { after: changed.after });
  return changed.result;
}

function whoOf({ principal, session }: ApiCaller): JsonObject {
  const { user, agent } = principal;
  return {
    user: { issuer: user.issuer, subject: user.subject },
    client_id: agent.clientId,
    through: session === undefined ? 'token' : 'session',
  };
}
