/** U7: how many calls of one user may wait for approval. */
import { expect, it } from 'vitest';
import type { ApprovalRequest } from '../ports.ts';
import { createManualClock, createMemoryApprovals } from './index.ts';

const request = (digest: string, subject: string, clientId = 'agent'): ApprovalRequest =>
  ({
    digest,
    principal: {
      key: `${subject} ${clientId}`,
      user: { issuer: 'https://i', subject },
      agent: { clientId, actors: [] },
    },
    tenant: { id: 'acme' },
    definition: { server: 'crm', name: 'pay' },
    input: {},
    expiresAtMs: 1_700_000_600_000,
  }) as unknown as ApprovalRequest;

it('U7 twenty of a user, whatever its client ids; equal requests are one, and others are not affected', () => {
  const approvals = createMemoryApprovals(createManualClock());
  for (let n = 0; n < 20; n++) approvals.consume(request(`d${n}`, 'alice', `agent ${n}`));
  expect(approvals.consume(request('d0', 'alice'))).toMatchObject({ state: 'pending' });
  expect(() => approvals.consume(request('d20', 'alice', 'another'))).toThrow(
    expect.objectContaining({ code: 'rate_limited' }),
  );
  expect(approvals.consume(request('e0', 'bob'))).toMatchObject({ state: 'pending' });
  expect(approvals.pending()).toHaveLength(21);
});
