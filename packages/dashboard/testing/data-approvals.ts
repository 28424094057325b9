/** Requests for approval of the fixtures. */
import type { Approval } from '../src/api/types.ts';
import { ALICE, BOB, CAROL, DIGEST, inMinutes, minutesAgo } from './data-people.ts';

export const REFUND: Approval = {
  id: '5f0c7a1e9b3d4c2f8a6e1d0b7c5f3a29',
  version: 1,
  status: 'pending',
  created_at: minutesAgo(3),
  expires_at: inMinutes(27),
  requester: ALICE,
  agent: { client_id: 'https://claude.ai/oauth/client', name: 'Claude Code', actors: [] },
  tenant: 'acme',
  server: 'payments',
  tool: 'refund',
  description: 'Sends money back to a customer. The amount is in euros and may not exceed the original payment.',
  arguments: {
    payment_id: 'pay_8Hq2LmZx4T',
    amount: 4000,
    currency: 'EUR',
    reason: 'Order 2026-118842 arrived broken; the customer sent photographs.',
    notify: { email: 'j.dupont@example.net', language: 'fr' },
    references: ['RMA-55120', 'ticket/90817'],
  },
  arguments_digest: DIGEST,
  digest: DIGEST.replace('4be1', '77ac'),
  definition_digest: DIGEST.replace('4be1', 'c09d'),
  policy_revision: DIGEST.replace('4be1', '10f3'),
  source: 'payments.cedar: refunds over 500 €',
  required: 2,
  distinct: false,
  approvers: ['group:finance-leads', 'user:carol'],
  shown_first: { text: 'Refunds above 500 € need the number of the order.', arguments: ['amount', 'reason'] },
  decisions: [],
  may_decide: true,
  step_up_required: false,
  passkey_required: false,
  uninspectable: [],
  differs_from_earlier: {
    searched: 'all',
    calls: 14,
    newest_at: minutesAgo(60 * 26),
    differences: [
      { path: '/amount', state: 'other_value', earlier: 310, earlier_hidden: false, now: 4000 },
      {
        path: '/notify',
        state: 'other_value',
        earlier_hidden: true,
        now: { email: 'j.dupont@example.net', language: 'fr' },
      },
      { path: '/references', state: 'new', earlier_hidden: false, now: ['RMA-55120', 'ticket/90817'] },
    ],
  },
  destructive: true,
};

const waiting = (index: number, over: Partial<Approval>): Approval => ({
  ...REFUND,
  id: index.toString(16).padStart(32, 'a'),
  created_at: minutesAgo(index * 4),
  expires_at: inMinutes(30 - index * 3),
  destructive: false,
  differs_from_earlier: { searched: 'all', calls: 0, differences: [] },
  required: 1,
  ...over,
});

export const APPROVALS: readonly Approval[] = [
  REFUND,
  waiting(1, {
    server: 'crm',
    tool: 'delete_contact',
    destructive: true,
    requester: BOB,
    source: 'tools that destroy data',
    arguments: { contact_id: 'c_10442', cascade: true },
  }),
  waiting(2, {
    server: 'infra',
    tool: 'run_script',
    agent: { client_id: 'nightly-agent', name: 'Nightly maintenance', actors: [] },
    source: 'infra.cedar: scripts',
    uninspectable: [{ path: '/script', why: 'base64 that decodes to binary data' }],
    arguments: { host: 'db-3.acme.example', script: 'H4sIAAAAAAAAA0vOyS9N0U0sLcnPTc0DAHqg0RkNAAAA', timeout_s: 30 },
  }),
  waiting(3, { server: 'mail', tool: 'send_to_all', requester: CAROL, source: 'mail to more than 50 people' }),
  waiting(4, {
    status: 'approved',
    server: 'crm',
    tool: 'export_contacts',
    decisions: [
      {
        by: CAROL,
        verdict: 'approve',
        reason: 'Quarterly report.',
        as: 'group:finance-leads',
        channel: 'dashboard',
        at: minutesAgo(6),
      },
    ],
    decided_at: minutesAgo(6),
  }),
  waiting(5, {
    status: 'denied',
    server: 'payments',
    tool: 'payout',
    decisions: [
      {
        by: CAROL,
        verdict: 'deny',
        reason: 'Wrong account. Ask the customer for an IBAN.',
        as: 'user:carol',
        channel: 'slack',
        at: minutesAgo(15),
      },
    ],
    decided_at: minutesAgo(15),
  }),
];
