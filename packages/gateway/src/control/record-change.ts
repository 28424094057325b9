/** Every change through the control API, in the audit log of its tenant: who, what, before and after. */
import { GuardError, type AuditRecord, type Json, type JsonObject, type MaybePromise } from '@sallyport/guard';
import { logRecord } from '@sallyport/guard/audit';
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
 * Makes a change between two records. The first one is durable before anything is changed, so that nothing is changed
 * without a record; the second one says what came of it.
 *
 * @throws GuardError `audit_unavailable` when nothing could be recorded and so nothing was changed.
 */
export async function recordChange<Result>(
  { audit, clock }: Pick<ApiDeps, 'audit' | 'clock'>,
  caller: ApiCaller,
  change: Change,
  make: () => MaybePromise<Changed<Result>>,
): Promise<Result> {
  const changeId = crypto.randomUUID();
  const fields = { change_id: changeId, ...whoOf(caller), target: change.target };
  const append = async (record: AuditRecord): Promise<void> => {
    try {
      await audit.append(caller.tenant.id, record);
    } catch (cause) {
      throw new GuardError('audit_unavailable', { cause, retryAfterSeconds: 5 });
    }
  };
  const record = (step: 'begun' | 'made' | 'failed', more: JsonObject): Promise<void> =>
    append(logRecord(change.operation, { ...fields, step, ...more }, clock.now()));
  await record('begun', { before: change.before });
  let changed: Changed<Result>;
  try {
    changed = await make();
  } catch (thrown) {
    // The record of the failure must not hide the failure.
    await record('failed', {}).catch(() => undefined);
    throw thrown;
  }
  await record('made', { before: change.before, after: changed.after });
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
