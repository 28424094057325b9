/** The schema of `approvals`: which calls people must approve, who, and for how long. */
import { DEFAULT_APPROVERS, selectorText } from '@sallyport/guard';
import { z } from 'zod';
import { approvalChannels } from './channels-schema.ts';
import { approver, duration, durationOrZero, nonEmptyText, TOOL_OR_ALL_MESSAGE } from './values.ts';

const approvalRule = z.strictObject({
  server: nonEmptyText.describe('Server, or `*`.'),
  tool: z
    .string(TOOL_OR_ALL_MESSAGE)
    .regex(/^(?:\*|[A-Za-z0-9_.-]{1,128})$/, TOOL_OR_ALL_MESSAGE)
    .describe('Tool, or `*`.'),
  when: z
    .string()
    .min(1)
    .max(4096)
    .optional()
    .describe(
      'Only calls for which this Cedar expression holds, such as `context.args.amount > 1000`; it reads what ' +
        'policies read. A call for which it cannot be said, because an argument is missing, is held as well.',
    ),
  destructive: z
    .literal(true)
    .optional()
    .describe('Only tools whose approved annotations have `destructiveHint: true`.'),
  approvers: z
    .array(approver)
    .min(1)
    .max(32)
    .prefault(DEFAULT_APPROVERS.map(selectorText))
    .describe(
      'Who may approve: `user:NAME`, `role:NAME` or `group:NAME`, each with ` from ISSUER` if only those of one ' +
        'issuer are meant. Nobody approves their own call.',
    ),
  required: z
    .int()
    .min(0)
    .max(10)
    .default(1)
    .describe('How many people must approve. 0 (weakening): nobody, and no later rule asks.'),
  distinct: z.boolean().default(false).describe('Whether each of them must come from another entry of `approvers`.'),
  stepUp: z
    .union([z.boolean(), z.literal('passkey'), duration], {
      error: 'must be true, false, passkey or a duration such as 5m',
    })
    .default(false)
    .describe(
      'How long ago approvers may have signed in when they say yes; `true` is 5m. `passkey`: they confirm the ' +
        'request with a passkey, which needs `admin.publicUrl` with a host name under https, or with localhost.',
    ),
  show: z
    .strictObject({
      text: nonEmptyText.max(1000).optional().describe('What approvers should look at, in your words.'),
      arguments: z
        .array(nonEmptyText.max(128))
        .max(32)
        .optional()
        .describe('Arguments that they see first, such as `amount` or `to.iban`; all others follow.'),
    })
    .optional()
    .describe('What approvers see first.'),
  ttl: duration.optional().describe('Overrides `approvals.ttl`.'),
});

/** `approvals` of the configuration. */
export const approvals = z.strictObject({
  rules: z
    .array(approvalRule)
    .max(1000)
    .default([])
    .describe('Calls that people must approve. The first rule that matches a call asks.'),
  destructive: z
    .enum(['ask', 'allow'])
    .default('ask')
    .describe(
      'Whether somebody with the role `approver` or `admin` must approve calls of tools whose approved annotations ' +
        'have `destructiveHint: true`, where no rule matches. `allow` is a weakening.',
    ),
  wait: durationOrZero
    .refine((ms) => ms < 2 ** 31, 'must be at most 24d')
    .prefault('5m')
    .describe(
      'How long a caller that is shown progress is kept waiting; its call goes on by itself. Afterwards it may call ' +
        'again. 0 = nobody waits.',
    ),
  ttl: duration
    .prefault('10m')
    .describe('How long a request waits and its approval can be used, from when the call was made.'),
  limits: z
    .strictObject({
      perUser: z.int().min(1).max(10_000).default(20).describe('Of one user, so that a model does not flood people.'),
      perAgent: z
        .int()
        .min(1)
        .max(100_000)
        .default(200)
        .describe('Through one agent of a tenant, whoever its users are.'),
      perTenant: z
        .int()
        .min(1)
        .max(100_000)
        .default(2_000)
        .describe('Of one tenant, so that what waits can still be read by people.'),
    })
    .prefault({})
    .describe('How many requests may wait at once; more are refused, and the caller is told to come back.'),
  channels: approvalChannels.prefault({}).describe('Where people are told of requests, besides the dashboard.'),
});
