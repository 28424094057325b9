/** Requests for approval as channels are told of them. */
import type { FiledApproval, JsonObject } from '@sallyport/guard';
import type { Notice } from '../channel.ts';

/** Alice's refund, which waits for somebody of finance. */
export const filedApproval = (more: Partial<FiledApproval> = {}): FiledApproval => ({
  id: '0123456789abcdef0123456789abcdef',
  tenant: 'acme',
  digest: 'd'.repeat(64),
  status: 'pending',
  version: 1,
  requester: { issuer: 'https://issuer.example', subject: 'alice', name: 'Alice', email: 'alice@acme.example' },
  agent: { clientId: 'assistant', actors: [] },
  server: 'shop',
  tool: 'refund',
  definitionDigest: 'e'.repeat(64),
  arguments: { order: 'A-1', amount: 4000 },
  revision: 'r1',
  demand: {
    approvers: [{ kind: 'group', name: 'finance-leads' }],
    required: 1,
    distinct: false,
    source: 'approvals.rules.0',
  },
  decisions: [],
  createdAtMs: 1_000_000,
  expiresAtMs: 1_600_000,
  remindAtMs: 1_480_000,
  endedAtMs: undefined,
  endedBecause: undefined,
  execution: undefined,
  ...more,
});

export const noticeOf = (approval: FiledApproval, kind: Notice['kind'] = 'filed'): Notice => ({
  kind,
  approval,
  description: 'Pays an order back.',
  page: `https://sallyport.example/approvals/${approval.id}`,
});

/** With these arguments. */
export const sending = (args: JsonObject): Notice => noticeOf(filedApproval({ arguments: args }));
