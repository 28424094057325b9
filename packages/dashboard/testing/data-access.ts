/** What of a server one user would see and may call. */
import type { AccessOfUser } from '../src/api/types.ts';

const decided = (id: string, line: number, effect = 'permit') => ({ id, effect, file: 'payments.cedar', line });

export const ACCESS: AccessOfUser = {
  revision: '10f3b0a3',
  items: [
    { kind: 'prompt', name: 'explain_chargeback', visible: true, call: 'allowed', policies: [decided('prompts', 3)] },
    { kind: 'tool', name: 'get_payment', visible: true, call: 'allowed', policies: [decided('reads', 7)] },
    {
      kind: 'tool',
      name: 'payout',
      visible: false,
      call: 'refused',
      policies: [decided('no-payouts', 31, 'forbid')],
    },
    {
      kind: 'tool',
      name: 'refund',
      visible: true,
      call: 'needs_approval',
      policies: [decided('refunds', 12)],
      approval: {
        approvers: ['group:finance-leads', 'user:carol'],
        required: 2,
        source: 'refunds over 500 €',
        depends_on_arguments: true,
      },
    },
    {
      kind: 'tool',
      name: 'search_payments',
      visible: true,
      call: 'depends_on_arguments',
      policies: [decided('own-region', 18), decided('staff-search', 22)],
    },
  ],
};
