/** One server, put together: what both ways in serve. */
import {
  createFairShares,
  takeShare,
  watchDecisions,
  type Approvals,
  type Guard,
  type Log,
  type Outcome,
  type PolicyEngine,
  type Sealer,
  type SendUpstream,
} from '@sallyport/guard';
import { logRecord } from '@sallyport/guard/audit';
import { createMemoryRateLimiter, steadyClock, systemClock } from '@sallyport/guard/memory';
import { createMayList } from '@sallyport/guard/stages';
import type { ApprovalWaits, EdgeDeps, EdgeIssuer } from '../edge/deps.ts';
import { createHeldTasks } from '../edge/tasks/held-tasks.ts';
import type { GatewaySettings, ServerProfile } from '../edge/settings.ts';
import { lintDefinitions } from '../lint/index.ts';
import type { SecureServerOptions } from '../options.ts';
import type { Records } from '../records.ts';
import type { ItemCatalog } from './catalog.ts';

/** The parts of a server. */
export interface ServedServer {
  readonly name: string;
  readonly guard: Guard;
  readonly send: SendUpstream;
  /** Ends what waits for clients. */
  readonly close: () => void;
  readonly catalog: ItemCatalog;
  readonly policy: PolicyEngine;
  readonly approvals: Approvals;
  readonly approvalOptions: NonNullable<SecureServerOptions['approvals']>;
  readonly profile: ServerProfile;
  /** Whose tokens are accepted, as clients are told of it. */
  readonly issuers: readonly EdgeIssuer[];
  readonly sealer: Sealer;
  readonly log: Log;
  readonly onError: SecureServerOptions['onError'];
  readonly records: Records;
}

/** What the edge needs, of either transport. */
export function edgeDepsOf(served: ServedServer, gateway: GatewaySettings): EdgeDeps {
  const { name, guard, send, catalog, policy, profile, log } = served;
  const mayList = createMayList({ policy: () => policy, allowTools: () => undefined });
  const snapshot = { gateway, issuers: served.issuers, servers: [name], onlyServer: name };
  return {
    guard,
    send,
    snapshot: () => snapshot,
    profileOf: (server) => (server === name ? profile : undefined),
    definitionOf: (target) => catalog.find(target),
    maySee: (identity) =>
      catalog.definitions.length === 0 || catalog.definitions.some((definition) => mayList(identity, definition)),
    approvals: approvalWaits(served, gateway),
    heldTasks: createHeldTasks(served.sealer, systemClock),
    clock: systemClock,
    steadyClock,
    log,
    report: () => undefined,
    called: (outcome) => reportError(served, outcome),
    limiter: createMemoryRateLimiter(steadyClock),
    rejected: (code, correlationId, address) => log('warn', 'a request was refused', { code, correlationId, address }),
  };
}

function approvalWaits(
  { approvals, approvalOptions, policy, records }: ServedServer,
  gateway: GatewaySettings,
): ApprovalWaits {
  const shares = createFairShares(() => Math.ceil(gateway.callsMax / 2));
  const { pageOf = (id) => `urn:sallyport:approval:${id}`, waitMs = 0 } = approvalOptions;
  return {
    pageOf,
    waitMs: () => waitMs,
    revision: () => policy.revision,
    hold(holder) {
      try {
        return takeShare(shares, holder, 'calls … wait for an approval');
      } catch {
        return undefined;
      }
    },
    show: (tenant, id) => approvals.show(tenant, id),
    async withdraw(tenant, id, by) {
      const { endedBecause = '' } = await approvals.withdraw(tenant, id, by, 'Cancelled by the client of the call.');
      const user = { issuer: by.user.issuer, subject: by.user.subject };
      const fields = { approval_id: id, user, client_id: by.agent.clientId, because: endedBecause };
      await records.audit.append(tenant, logRecord('approval.withdrawn', fields, Date.now()));
    },
    decided: watchDecisions(approvals),
  };
}

/** Errors that tell the author about a fault; all others are refusals of the caller. */
const FAULTS: ReadonlySet<string> = new Set([
  'internal',
  'upstream_timeout',
  'output_blocked',
  'audit_unavailable',
  'result_withheld',
]);

function reportError({ onError, log }: ServedServer, outcome: Outcome): void {
  if (outcome.status === 'success' || !FAULTS.has(outcome.error.code)) return;
  const cause = outcome.error.cause ?? outcome.error;
  try {
    if (onError !== undefined) return onError(cause, outcome.correlationId);
    log('error', 'a call failed', {
      correlation_id: outcome.correlationId,
      method: outcome.method,
      item: outcome.definition?.name,
      cause: cause instanceof Error ? (cause.stack ?? cause.message) : String(cause),
    });
  } catch {
    // An error of the author's handler must not replace the answer to the caller.
  }
}

const SHOWN_MAX = 20;

/** What models and clients will get wrong because of how the items are described; nothing is refused for it. */
function logFindings({ log, catalog }: ServedServer): void {
  const findings = lintDefinitions(catalog.items, 'own');
  for (const { rule, definition, at, message } of findings.slice(0, SHOWN_MAX))
    log('warn', 'definition', { rule, definition, at, finding: message });
  if (findings.length > SHOWN_MAX) log('warn', 'more findings', { count: findings.length - SHOWN_MAX });
}

/** Invariant 11: every setting that weakens a protection is logged and recorded. */
export async function recordStart(served: ServedServer, weakenings: readonly string[]): Promise<void> {
  const { log, records, name } = served;
  for (const weakening of weakenings) log('warn', 'weakened', { weakening });
  logFindings(served);
  await records.audit.append('_', logRecord('server.start', { server: name, weakenings }, Date.now()));
}
