/** Requests for approval in the gateway: where they are kept, what time does to them, and what is recorded of them. */
import {
  createApprovals,
  type ApprovalEventKind,
  type Approvals,
  type AuditLog,
  type Clock,
  type ErrorCode,
  type FiledApproval,
  type Guard,
  type Log,
  type Outcome,
  type PinStore,
} from '@sallyport/guard';
import { logRecord } from '@sallyport/guard/audit';
import { steadyClock, systemClock } from '@sallyport/guard/memory';
import type { SettingsHolder } from './active-settings.ts';
import type { Database } from './adapters/kysely/database.ts';
import type { Metrics } from './adapters/prometheus/metrics.ts';
import { createOutdatedCheck } from './outdated-approvals.ts';

/**
 * U6: a clock that is set back does not make approvals live longer, and one that stood still while the machine slept
 * does not either.
 */
export const forwardClock: Clock = { now: () => Math.max(systemClock.now(), steadyClock.now()) };

const SWEEP_MS = 1_000;

/** Requests for approval that are swept until they are stopped. */
export interface GatewayApprovals extends Approvals {
  /** From now on, what is in force in this process ends requests that were filed by something else before. */
  endOutdatedOnChange(pins: PinStore): void;
  stop(): void;
}

/** @param clock as given to the gateway: the system's is replaced by one that is never set back. */
export function createGatewayApprovals(
  { approvals: store }: Database,
  settings: SettingsHolder,
  clock: Clock,
  audit: AuditLog,
  log: Log,
  decided: Metrics['approvalDecided'],
): GatewayApprovals {
  const limits = () => settings.current().snapshot.approvals.limits;
  const approvals = createApprovals(store, clock === systemClock ? forwardClock : clock, {
    get pendingMax() {
      return limits().perUser;
    },
    get agentPendingMax() {
      return limits().perAgent;
    },
    get tenantPendingMax() {
      return limits().perTenant;
    },
    changed(kind, filed) {
      recordChange(kind, filed, audit, clock, log);
      countDecision(kind, filed, decided);
    },
  });
  let endOutdated = async (): Promise<void> => undefined;
  let isSweeping = false;
  let isLost = false;
  const sweep = async (): Promise<void> => {
    if (isSweeping) return;
    isSweeping = true;
    try {
      await approvals.sweep();
      await endOutdated();
      if (isLost) log('info', 'requests for approval can be kept again');
      isLost = false;
    } catch (thrown) {
      if (!isLost) log('error', 'requests for approval cannot be kept now', { cause: causeOf(thrown) });
      isLost = true;
    }
    isSweeping = false;
  };
  const timer = setInterval(() => void sweep(), SWEEP_MS);
  timer.unref();
  void sweep();
  return {
    ...approvals,
    endOutdatedOnChange: (pins) => void (endOutdated = createOutdatedCheck(settings, pins, approvals)),
    stop: () => clearInterval(timer),
  };
}

/** Each once, in the process in which it happened. */
function countDecision(
  kind: ApprovalEventKind,
  { status, createdAtMs, expiresAtMs, decisions }: FiledApproval,
  decided: Metrics['approvalDecided'],
): void {
  const decidedAtMs = decisions.at(-1)?.atMs ?? expiresAtMs;
  if (kind === 'expired') decided('expired', expiresAtMs - createdAtMs);
  else if (kind === 'decided' && status !== 'pending')
    decided(status === 'approved' ? 'approved' : 'refused', decidedAtMs - createdAtMs);
}

const causeOf = (thrown: unknown): string => {
  const { cause } = thrown as Error;
  return cause instanceof Error ? cause.message : String(thrown);
};

/** What nobody else records: endpoints record what people say, and a use is in the records of the call. */
const RECORDED: readonly ApprovalEventKind[] = ['superseded', 'expired'];

function recordChange(kind: ApprovalEventKind, filed: FiledApproval, audit: AuditLog, clock: Clock, log: Log): void {
  if (!RECORDED.includes(kind)) return;
  const { id, requester, agent, server, tool, endedBecause } = filed;
  const fields = {
    approval_id: id,
    user: { issuer: requester.issuer, subject: requester.subject },
    client_id: agent.clientId,
    server,
    tool,
    ...(endedBecause !== undefined && { because: endedBecause }),
  };
  audit.append(filed.tenant, logRecord(`approval.${kind}`, fields, clock.now())).catch((cause: unknown) => {
    log('error', `that a request for approval is ${kind} could not be recorded`, { id, cause: String(cause) });
  });
}

/** Errors after which nobody knows whether the call was executed. */
const UNKNOWN: readonly ErrorCode[] = ['interrupted', 'upstream_timeout', 'cancelled', 'internal'];

/** The same guard; whoever looks at a consumed approval learns what became of the call (U16). */
export const notingExecution = (guard: Guard, approvals: Approvals, log: Log): Guard => ({
  ...guard,
  async run(call, execute) {
    const outcome = await guard.run(call, execute);
    const { approval, tenant } = outcome;
    const execution = executionOf(outcome);
    if (approval !== undefined && tenant !== undefined && execution !== undefined)
      approvals.executed(tenant.id, approval.id, execution).catch((thrown: unknown) => {
        log('warn', 'what became of an approved call could not be noted', { id: approval.id, cause: causeOf(thrown) });
      });
    return outcome;
  },
});

function executionOf(outcome: Outcome): 'finished' | 'failed' | undefined {
  if (outcome.status === 'success') return 'finished';
  return outcome.executed && UNKNOWN.includes(outcome.error.code) ? undefined : 'failed';
}
