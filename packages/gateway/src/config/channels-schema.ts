/** The schema of `approvals.channels`: where people are told of requests, besides the dashboard. */
import { z } from 'zod';
import { duration, nonEmptyText } from './values.ts';

const reference = z.string().max(1024).describe('A reference: `env:NAME` or `file:/path`.');
const tenants = z
  .array(nonEmptyText)
  .min(1)
  .max(1_000)
  .optional()
  .describe('Tenants whose requests it is told of, and may decide. Absent: all.');

const slack = z
  .strictObject({
    channel: z
      .string()
      .regex(/^[CGD][A-Z0-9]{2,20}$/, 'must be the id of a channel, such as C0123ABCD')
      .describe('Where messages are written, by id.'),
    team: z
      .string()
      .regex(/^T[A-Z0-9]{2,20}$/, 'must be the id of a workspace, such as T0123ABCD')
      .describe('The workspace whose members may decide, by id.'),
    token: reference.describe('The bot token (`xoxb-…`), with chat:write, users:read and users:read.email.'),
    signingSecret: reference.optional().describe('Of the app: interactions come to `/channels/slack`.'),
    appToken: reference.optional().describe('Of the app (`xapp-…`): Socket Mode, without an address of its own.'),
    tenants,
    api: z.url().prefault('https://slack.com/api/').describe('The Web API.'),
  })
  .refine(({ signingSecret, appToken }) => (signingSecret === undefined) !== (appToken === undefined), {
    error: 'needs either signingSecret (interactions over HTTP) or appToken (Socket Mode)',
  });

const uuid = z.guid('must be the id of Microsoft Entra ID, such as 00000000-0000-0000-0000-000000000000');
const teams = z.strictObject({
  appId: uuid.describe('Of the bot.'),
  appSecret: reference,
  tenantId: uuid.describe('The Entra tenant whose people may decide.'),
  conversation: nonEmptyText.describe('Where cards are written: `19:…@thread.tacv2`.'),
  serviceUrl: z.url().prefault('https://smba.trafficmanager.net/teams/').describe('The connector of the region.'),
  tenants,
  login: z.url().prefault('https://login.microsoftonline.com').describe('Where the bot gets its tokens.'),
  metadata: z
    .url()
    .prefault('https://login.botframework.com/v1/.well-known/openidconfiguration')
    .describe('What tokens of the Bot Framework are verified with.'),
});

const webhook = z.strictObject({
  name: z
    .string()
    .regex(/^[a-z0-9-]{1,32}$/, 'must be 1 to 32 of a-z, 0-9 and -')
    .describe('Names it in logs, and in the path of decisions.'),
  url: z.url({ protocol: /^https?$/ }).describe('https, or http on loopback.'),
  secret: reference.describe('`whsec_…` (Standard Webhooks), with at least 24 bytes in base64.'),
  decisions: z
    .boolean()
    .default(false)
    .describe('Whether signed decisions are taken at `/channels/webhooks/{name}`, by people whom the receiver names.'),
  tenants,
});

const email = z.strictObject({
  host: nonEmptyText.describe('The mail server.'),
  port: z.int().min(1).max(65_535).default(587),
  security: z
    .enum(['tls', 'starttls', 'none'])
    .default('starttls')
    .describe('`none` for a server on this machine only.'),
  user: nonEmptyText.optional(),
  password: reference.optional(),
  from: z.email().describe('The sender.'),
  to: z.array(z.email()).min(1).max(50).describe('Who is written to. A mail has a link and decides nothing.'),
  tenants,
});

/** `approvals.channels`. */
export const approvalChannels = z.strictObject({
  signInWithin: duration
    .prefault('7d')
    .describe('Who decides in a channel must have signed in on the page within this time, with a verified address.'),
  slack: z.array(slack).max(20).default([]).describe('Messages in Slack, with buttons.'),
  teams: z
    .array(teams)
    .max(20)
    .default([])
    .describe('Cards in Microsoft Teams, with buttons; they come back to `/channels/teams`.'),
  webhooks: z.array(webhook).max(20).default([]).describe('Signed webhooks out, and signed decisions back.'),
  email: z.array(email).max(20).default([]).describe('E-mail with a link.'),
});
