/**
 * Approvals in memory. Every transition is one synchronous step, so two callers can never consume the same approval.
 */
import { randomBytes } from 'node:crypto';
import type { ApprovalRequest, ApprovalStore, Clock } from '../ports.ts';
import { GuardError } from '../errors.ts';
import { createFairShares, shareHolderOf, shareRefusal } from '../fair-shares.ts';

/**
 * A request for approval, as the store keeps it.
 *
 * @example
 * ```ts
 * const isPending = (request: FiledApproval): boolean => request.state === 'pending';
 * ```
 */
export interface FiledApproval extends ApprovalRequest {
  readonly id: string;
  readonly state: 'pending' | 'approved' | 'refused';
  readonly approver: string | undefined;
}

/**
 * An approval store that a person can answer in the same process.
 *
 * @example
 * ```ts
 * const oldest = (approvals: MemoryApprovals): FiledApproval | undefined => approvals.pending()[0];
 * ```
 */
export interface MemoryApprovals extends ApprovalStore {
  pending(): readonly FiledApproval[];
  /** @throws GuardError `not_found` for no pending request, `not_permitted` when the approver made the call. */
  approve(id: string, approver: Approver): void;
  /** @throws GuardError like `approve`. */
  deny(id: string, approver: Approver): void;
}

/**
 * Who answers a request for approval.
 *
 * @example
 * ```ts
 * const bob: Approver = { issuer: 'https://issuer.example', subject: 'bob' };
 * ```
 */
export interface Approver {
  readonly issuer: string;
  readonly subject: string;
}

/**
 * Approvals in memory: lost with the process.
 *
 * @param pendingMax requests of one user that may wait at the same time.
 *
 * @example
 * ```ts
 * const approvals = createMemoryApprovals(systemClock);
 * for (const { id } of approvals.pending()) approvals.deny(id, { issuer: 'https://issuer.example', subject: 'bob' });
 * ```
 */
export function createMemoryApprovals(clock: Clock, pendingMax = 20): MemoryApprovals {
  const requests = new Map<string, FiledApproval>();
  const shares = createFairShares(() => KEPT_BYTES_MAX);
  const remove = (request: FiledApproval): void => {
    requests.delete(request.digest);
    shares.release(shareHolderOf(request), keptBytes(request));
  };
  const unexpired = (): FiledApproval[] => {
    const nowMs = clock.now();
    for (const request of requests.values()) if (request.expiresAtMs <= nowMs) remove(request);
    return [...requests.values()];
  };
  const decide = (id: string, approver: Approver, state: 'approved' | 'refused'): void => {
    const request = unexpired().find((filed) => filed.id === id && filed.state === 'pending');
    if (request === undefined) throw new GuardError('not_found');
    if (isCaller(request, approver))
      throw new GuardError('not_permitted', { message: 'Nobody approves their own call.' });
    requests.set(request.digest, { ...request, state, approver: JSON.stringify([approver.issuer, approver.subject]) });
  };
  return {
    consume(request) {
      const all = unexpired();
      const filed = requests.get(request.digest);
      if (filed?.state === 'approved') {
        remove(filed);
        return { state: 'approved', approval: { id: filed.id, approver: filed.approver ?? '' } };
      }
      if (filed !== undefined) return { state: filed.state, id: filed.id };
      checkPending(all, request, pendingMax);
      const usedUp = shares.take(shareHolderOf(request), keptBytes(request));
      if (usedUp !== undefined) throw shareRefusal(usedUp, 'requests … wait for approval');
      const id = randomBytes(16).toString('base64url');
      requests.set(request.digest, { ...request, id, state: 'pending', approver: undefined });
      return { state: 'pending', id };
    },
    pending: () => unexpired().filter((request) => request.state === 'pending'),
    approve: (id, approver) => decide(id, approver, 'approved'),
    deny: (id, approver) => decide(id, approver, 'refused'),
  };
}

/** B7: bytes of the arguments of all requests, of which each user and tenant has a share. */
const KEPT_BYTES_MAX = 64 * 1024 * 1024;
/** Of everything but the arguments. */
const REQUEST_BYTES = 1_024;

const keptBytes = ({ input }: ApprovalRequest): number => REQUEST_BYTES + JSON.stringify(input).length;

/** The user, or the agent: with client credentials, the subject of an agent's token is its client id. */
function isCaller({ principal: { user, agent } }: ApprovalRequest, { issuer, subject }: Approver): boolean {
  if (user.issuer === issuer && user.subject === subject) return true;
  return [agent.clientId, ...agent.actors].includes(subject);
}

/** One user cannot fill the store, nor the list of an approver, whatever its client ids. */
function checkPending(all: readonly FiledApproval[], request: ApprovalRequest, pendingMax: number): void {
  const { user } = shareHolderOf(request);
  const own = all.filter((filed) => filed.state === 'pending' && shareHolderOf(filed).user === user);
  if (own.length < pendingMax) return;
  throw new GuardError('rate_limited', {
    message: 'Too many calls of this user wait for approval.',
    retryAfterSeconds: 60,
  });
}
