/** Signed decisions in: the receiver of a webhook says what one of its people decided (Standard Webhooks 1.0). */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { parseJson } from '@sallyport/guard/json';
import { Webhook } from 'standardwebhooks';
import { z } from 'zod';
import type { Channel } from '../../channels/channel.ts';
import { decideInChannel, type ChannelDecisions, type ChannelAnswer } from '../../channels/decide.ts';
import { readRawBody } from '@sallyport/server/listen/raw-body';
import type { WebhookSettings } from '../../snapshot.ts';
import { ARGUMENTS_CHARACTERS_MAX } from './send.ts';

/** Path on the admin listener, with the name of the webhook behind it. */
export const WEBHOOKS_PATH = '/channels/webhooks/';

const BODY_BYTES_MAX = 16 * 1024;

const decisionSchema = z.strictObject({
  id: z.string().regex(/^[0-9a-f]{32}$/),
  tenant: z.string().max(64),
  version: z.int().describe('Of the request that the person saw.'),
  verdict: z.enum(['approve', 'deny']),
  reason: z.string().max(500).optional(),
  by: z.union([
    z.strictObject({ issuer: z.string().max(1_000), subject: z.string().max(1_000) }),
    z.strictObject({ email: z.email() }),
  ]),
});

/** @returns the handler; it returns false for requests that are not for it. */
export function createWebhookReceiver(
  { name, secret }: WebhookSettings,
  channel: Pick<Channel, 'name' | 'tenants'>,
  decisions: ChannelDecisions,
): (request: IncomingMessage, response: ServerResponse) => boolean {
  const webhook = new Webhook(secret);
  return (request, response) => {
    if (request.url !== WEBHOOKS_PATH + name) return false;
    void receive(request, response).catch(() => respond(response, 500, 'internal'));
    return true;
  };

  async function receive(request: IncomingMessage, response: ServerResponse): Promise<void> {
    if (request.method !== 'POST') return respond(response, 405, 'only POST is served');
    const body = await readRawBody(request, BODY_BYTES_MAX);
    if (body === undefined) return respond(response, 413, `the body has more than ${BODY_BYTES_MAX} bytes`);
    if (!isSigned(webhook, request, body)) return respond(response, 401, 'the signature or its time is not valid');
    const said = decisionSchema.safeParse(parseJson(body.toString()));
    if (!said.success) return respond(response, 400, z.prettifyError(said.error));
    const { by, reason, ...rest } = said.data;
    const answer: ChannelAnswer = await decideInChannel(
      channel,
      { ...rest, reason, who: by },
      ARGUMENTS_CHARACTERS_MAX,
      decisions,
    );
    // A replay carries the version of a request that has changed since.
    if (answer.ok) return respond(response, 200, answer.approval.status);
    respond(response, 409, answer.why);
  }
}

/** The library checks the signature in constant time, and that the time is within five minutes. */
function isSigned(webhook: Webhook, { headers }: IncomingMessage, body: Buffer): boolean {
  const of = (name: string): string => {
    const value = headers[name];
    return typeof value === 'string' ? value : '';
  };
  const names = ['webhook-id', 'webhook-timestamp', 'webhook-signature'];
  try {
    webhook.verify(body, Object.fromEntries(names.map((name) => [name, of(name)])), { jsonParse: false });
    return true;
  } catch {
    return false;
  }
}

function respond(response: ServerResponse, status: number, message: string): void {
  if (response.headersSent) return void response.destroy();
  const body = `${JSON.stringify(status === 200 ? { status: message } : { error: message })}\n`;
  response.writeHead(status, {
    'Content-Type': 'application/json',
    'Content-Length': Buffer.byteLength(body),
    ...(status !== 200 && { Connection: 'close' }),
  });
  response.end(body);
}
