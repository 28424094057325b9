/** Signed webhooks out: Standard Webhooks 1.0 (https://www.standardwebhooks.com). */
import { request } from 'undici';
import { Webhook } from 'standardwebhooks';
import type { Channel, Notice } from '../../channels/channel.ts';
import { contentOf } from '../../channels/content.ts';
import type { WebhookSettings } from '../../snapshot.ts';

/** A program has room for everything. */
export const ARGUMENTS_CHARACTERS_MAX = 1_000_000;

/** A webhook is told of every event; whatever it answers decides nothing. */
export function createWebhookChannel({ name, url, secret, tenants }: WebhookSettings): Channel {
  const webhook = new Webhook(secret);
  return {
    name: `webhook ${name}`,
    tenants,
    async send(notice, _address, signal) {
      const body = JSON.stringify(bodyOf(notice));
      // The same for every attempt, so that a receiver can tell a repetition.
      const id = `msg_${notice.approval.id}_${notice.approval.version}_${notice.kind}`;
      const now = new Date();
      const { statusCode, body: answer } = await request(url, {
        method: 'POST',
        headers: {
          'content-type': 'application/json',
          'webhook-id': id,
          'webhook-timestamp': String(Math.floor(now.getTime() / 1_000)),
          'webhook-signature': webhook.sign(id, now, body),
        },
        body,
        signal,
      });
      await answer.dump({ limit: 16_384 });
      if (statusCode < 200 || statusCode > 299) throw new Error(`the webhook answered with status ${statusCode}`);
      return undefined;
    },
  };
}

function bodyOf(notice: Notice): unknown {
  const { kind, approval, page } = notice;
  const { title, status, approvable } = contentOf(notice, ARGUMENTS_CHARACTERS_MAX);
  const { id, version, tenant, requester, agent, server, tool, digest, decisions } = approval;
  return {
    type: `approval.${kind}`,
    timestamp: new Date().toISOString(),
    data: {
      id,
      version,
      status: approval.status,
      title,
      text: status,
      tenant,
      requester,
      agent: { client_id: agent.clientId, actors: agent.actors },
      server,
      tool,
      arguments: approval.arguments,
      digest,
      decisions: decisions.map(({ by, verdict, reason, channel }) => ({ by, verdict, reason, channel })),
      expires_at: new Date(approval.expiresAtMs).toISOString(),
      approvable,
      page,
    },
  };
}
