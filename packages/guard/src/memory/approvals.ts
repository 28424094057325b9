/** Approvals in memory. Every transition is one synchronous step, so two callers can never consume the same yes. */
import { randomBytes } from 'node:crypto';
import type { ApprovalRequest, ApprovalStore, Clock } from '../ports.ts';
import { GuardError } from '../errors.ts';

export interface Requested extends ApprovalRequest {
  readonly id: string;
  readonly state: 'pending' | 'approved' | 'refused';
  readonly approver: string | undefined;
}

export interface MemoryApprovals extends ApprovalStore {
  pending(): readonly Requested[];
  /** @throws GuardError `not_found` for no pending request, `not_permitted` when the approver asked for it. */
  approve(id: string, approver: Approver): void;
  deny(id: string, approver: Approver): void;
}

export interface Approver {
  readonly issuer: string;
  readonly subject: string;
}

export function createMemoryApprovals(clock: Clock, pendingMax = 20): MemoryApprovals {
  const requests = new Map<string, Requested>();
  const live = (): Requested[] => {
    const now = clock.now();
    for (const [digest, request] of requests) if (request.expiresAtMs <= now) requests.delete(digest);
    return [...requests.values()];
  };
  const decide = (id: string, { issuer, subject }: Approver, state: 'approved' | 'refused'): void => {
    const request = live().find((one) => one.id === id && one.state === 'pending');
    if (request === undefined) throw new GuardError('not_found');
    const { user, agent } = request.principal;
    // The agent too: with client credentials its token has the client id as its subject.
    const own =
      (user.issuer === issuer && user.subject === subject) || [agent.clientId, ...agent.actors].includes(subject);
    if (own) throw new GuardError('not_permitted', { message: 'Nobody approves their own call.' });
    requests.set(request.digest, { ...request, state, approver: JSON.stringify([issuer, subject]) });
  };
  return {
    consume(question) {
      const all = live();
      const request = requests.get(question.digest);
      if (request?.state === 'approved') {
        requests.delete(question.digest);
        return { state: 'approved', approval: { id: request.id, approver: request.approver ?? '' } };
      }
      if (request !== undefined) return { state: request.state === 'refused' ? 'refused' : 'pending', id: request.id };
      if (
        all.filter((one) => one.state === 'pending' && one.principal.key === question.principal.key).length >=
        pendingMax
      ) {
        throw new GuardError('rate_limited', {
          message: 'Too many calls of this principal wait for approval.',
          retryAfterSeconds: 60,
        });
      }
      const id = randomBytes(16).toString('base64url');
      requests.set(question.digest, { ...question, id, state: 'pending', approver: undefined });
      return { state: 'pending', id };
    },
    pending: () => live().filter((request) => request.state === 'pending'),
    approve: (id, approver) => decide(id, approver, 'approved'),
    deny: (id, approver) => decide(id, approver, 'refused'),
  };
}
