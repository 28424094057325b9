/** The schema of the key `control`. */
import { z } from 'zod';
import { approver, nonEmptyText, secret, timerDuration } from './values.ts';

const signIn = z.strictObject({
  issuer: nonEmptyText.describe(
    'One of `identity.issuers`: its `claims` and `tenants` hold for people who sign in, too.',
  ),
  clientId: nonEmptyText.describe('The client that is registered there, with `<admin.publicUrl>/auth/callback`.'),
  clientSecret: secret
    .optional()
    .describe('Its secret, as a reference; absent for a public client (PKCE is always used).'),
  scopes: z.array(nonEmptyText).max(32).default(['profile', 'email']).describe('Asked for besides `openid`.'),
  stepUpAcrValues: z
    .array(nonEmptyText)
    .max(16)
    .default([])
    .describe(
      'Sent as `acr_values` when somebody must prove again who they are. A sign-in with another `acr` proves nothing ' +
        'then. Absent: every sign-in does.',
    ),
});

const role = z.strictObject({
  role: z
    .enum(['viewer', 'approver', 'auditor', 'operator', 'admin'])
    .describe('Each contains `viewer`; `admin` contains all.'),
  to: z.array(approver).min(1).max(64).describe('Who has it: `user:NAME`, `role:NAME` or `group:NAME`.'),
  tenants: z
    .union([z.literal('*'), z.array(nonEmptyText).min(1).max(10_000)], { error: 'must be a list of tenants, or "*"' })
    .optional()
    .describe(
      'Where. Absent: in the tenant that the credential names. `"*"`: in every tenant for which the issuer may ' +
        'speak, and for what belongs to the whole installation.',
    ),
});

/** People and machines that look after the gateway. */
export const control = z.strictObject({
  signIn: z.array(signIn).max(16).default([]).describe('With whom people sign in on the dashboard (OpenID Connect).'),
  session: z
    .strictObject({
      idle: timerDuration.prefault('1h').describe('A session that is not used for so long ends.'),
      lifetime: timerDuration.prefault('12h').describe('After so long everybody signs in again.'),
    })
    .prefault({})
    .describe('Sessions of browsers.'),
  roles: z
    .array(role)
    .max(1000)
    .default([])
    .describe('Who has which role. Without a role, people see what names them.'),
  clients: z
    .array(nonEmptyText)
    .max(64)
    .default([])
    .describe(
      'OAuth client ids whose access tokens the control API accepts. Never the client of an agent: it could ' +
        'approve what another agent asks.',
    ),
});
