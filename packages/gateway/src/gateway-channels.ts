/** Composition of the channels: where people are told of requests for approval, and what they say there. */
import { randomUUID } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { asObject, tenantId, type FiledApproval, type Principal } from '@sallyport/guard';
import type { OpenedSlack, SlackDeps } from './adapters/slack/open.ts';
import { createSlackReceiver } from './adapters/slack/receive.ts';
import { createTeamsChannel } from './adapters/teams/channel.ts';
import { createConnector } from './adapters/teams/connector.ts';
import { createTeamsReceiver } from './adapters/teams/receive.ts';
import { createWebhookReceiver } from './adapters/webhooks/receive.ts';
import { createWebhookChannel } from './adapters/webhooks/send.ts';
import type { Channel, Notice } from './channels/channel.ts';
import type { ChannelDecisions, KnownAs } from './channels/decide.ts';
import { deliver } from './channels/deliver.ts';
import type { OpenedChannel } from './channels/opened.ts';
import type { ApiCaller } from './control/api/access.ts';
import { decide } from './control/approvals/decide.ts';
import { rolesOfPerson } from './control/roles.ts';
import { principalOf, tenantsOf } from './control/sign-in/sessions.ts';
import type { GuardedUpstreams, Resources } from './resources.ts';
import type { EmailSettings, SlackSettings, WebhookSettings } from './snapshot.ts';

/** All channels of the configuration. */
export interface Channels {
  /** Serves what channels send to the admin listener. @returns false for every other request. */
  handle(request: IncomingMessage, response: ServerResponse): boolean;
  close(): Promise<void>;
}

/** Opens them, and tells each of what happens to requests until they are closed. */
export async function openChannels(resources: Resources, guarded: GuardedUpstreams): Promise<Channels> {
  const { settings, database, approvals, clock, log } = resources;
  const { slack, teams, webhooks, email } = settings.current().snapshot.approvals.channels;
  const decisions = decisionsOf(resources, guarded);
  const store = database.channels;
  const slackChannels = await openSlackChannels(slack, { store, decisions, log });
  const conversations = teams.map((one) => ({
    settings: one,
    channel: createTeamsChannel(createConnector(one), one),
  }));
  const opened: readonly OpenedChannel[] = [
    ...slackChannels.map(({ channel, close }) => ({ ...silent(channel), close })),
    ...conversations.map(({ channel }) => silent(channel)),
    ...webhooks.map((one) => openWebhook(one, decisions)),
    ...(await createEmailChannels(email)).map(silent),
  ];
  const fromSlack = createSlackReceiver(
    slackChannels.flatMap(({ app }) => app ?? []),
    clock,
  );
  const fromTeams = createTeamsReceiver(conversations, { store, decisions });
  const stop = new AbortController();
  const noticed = noticeOf(resources, guarded);
  const owner = randomUUID();
  const delivering = opened.map(({ channel }) =>
    deliver(
      channel,
      {
        store,
        events: database.approvals,
        approvals,
        noticeOf: ({ kind }, approval) => noticed(approval, kind),
        clock,
        log,
        owner,
      },
      stop.signal,
    ),
  );
  return {
    handle: (request, response) =>
      fromSlack(request, response) ||
      fromTeams(request, response) ||
      opened.some((one) => one.handle(request, response)),
    async close() {
      stop.abort();
      await Promise.allSettled([...delivering, ...opened.map((one) => one.close())]);
    },
  };
}

// The libraries of these two take a tenth of a second of every start: they are loaded where they are configured.

async function openSlackChannels(settings: readonly SlackSettings[], deps: SlackDeps): Promise<readonly OpenedSlack[]> {
  if (settings.length === 0) return [];
  const { openSlack } = await import('./adapters/slack/open.ts');
  return settings.map((one) => openSlack(one, deps));
}

async function createEmailChannels(settings: readonly EmailSettings[]): Promise<readonly Channel[]> {
  if (settings.length === 0) return [];
  const { createEmailChannel } = await import('./adapters/email/send.ts');
  return settings.map(createEmailChannel);
}

/** A channel of which nothing comes back. */
const silent = (channel: Channel): OpenedChannel => ({ channel, handle: () => false, close: async () => {} });

function openWebhook(settings: WebhookSettings, decisions: ChannelDecisions): OpenedChannel {
  const channel = createWebhookChannel(settings);
  if (!settings.decisions) return silent(channel);
  return { ...silent(channel), handle: createWebhookReceiver(settings, channel, decisions) };
}

const noticeOf =
  ({ settings }: Resources, { upstreams }: GuardedUpstreams) =>
  (approval: FiledApproval, kind: Notice['kind']): Notice => {
    const definition = upstreams.catalog.find({ kind: 'tool', server: approval.server, name: approval.tool });
    const isPinned = definition?.digest === approval.definitionDigest;
    const { description } = isPinned ? asObject(definition?.document) : {};
    return {
      kind,
      approval,
      description: typeof description === 'string' ? description : undefined,
      page: `${settings.current().snapshot.admin.publicUrl}/approvals/${encodeURIComponent(approval.id)}`,
    };
  };

function decisionsOf(resources: Resources, guarded: GuardedUpstreams): ChannelDecisions {
  const { approvals, settings } = resources;
  const noticed = noticeOf(resources, guarded);
  return {
    personOf: (tenant, who) => personOf(resources, tenant, who),
    show: (tenant, id) => approvals.show(tenant, id),
    noticeOf: (approval) => noticed(approval, 'filed'),
    async decide(tenant, by, { id, verdict, reason }, channel) {
      const identity = { principal: by, tenant: { id: tenantId(tenant) } };
      const roles = rolesOfPerson(identity, settings.current().snapshot);
      const caller: ApiCaller = { ...identity, ...roles, session: undefined };
      return decide(resources, caller, await approvals.show(tenant, id), { verdict, reason, channel });
    },
  };
}

/** Who somebody in a channel is, with the rights that the settings of now give them. */
async function personOf(
  { database, settings, clock }: Resources,
  tenant: string,
  who: KnownAs,
): Promise<Principal | undefined> {
  const { snapshot } = settings.current();
  const found = await database.people.find(tenant, who, clock.now() - snapshot.approvals.channels.signInWithinMs);
  const [person] = found;
  // Two people with one address: nobody chooses between them.
  if (person === undefined || found.length > 1) return undefined;
  return tenantsOf(person, snapshot).includes(tenant) ? principalOf(person, snapshot) : undefined;
}
