/**
 * The address that Teams sends what people press to. U12: the token is from the Bot Framework for this bot, and names
 * the service that the activity names; the activity is of our tenant and of the message that the gateway wrote.
 */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { parseJson } from '@sallyport/guard/json';
import { createRemoteJWKSet, jwtVerify, type JWTVerifyGetKey } from 'jose';
import { request as httpRequest } from 'undici';
import { z } from 'zod';
import type { Channel, ChannelStore } from '../../channels/channel.ts';
import { decideInChannel, type ChannelDecisions } from '../../channels/decide.ts';
import { readBounded } from '../../channels/read-bounded.ts';
import { readRawBody } from '@sallyport/server/listen/raw-body';
import type { TeamsSettings } from '../../snapshot.ts';
import { APPROVE, ARGUMENTS_CHARACTERS_MAX, DENY, REASON } from './card.ts';

/** Path on the admin listener. */
export const TEAMS_PATH = '/channels/teams';

const ISSUER = 'https://api.botframework.com';
const BODY_BYTES_MAX = 128 * 1024;
const TIMEOUT_MS = 10_000;
const CLOCK_TOLERANCE_SECONDS = 300;

const id = z.string().min(1).max(500);
const activitySchema = z.object({
  type: z.literal('invoke'),
  name: z.literal('adaptiveCard/action'),
  // A bot may be reached through other channels, whose people Entra ID did not sign in.
  channelId: z.literal('msteams'),
  serviceUrl: id,
  replyToId: id,
  conversation: z.object({ id }),
  from: z.object({ aadObjectId: id }),
  channelData: z.object({ tenant: z.object({ id }) }),
  value: z.object({
    action: z.object({
      verb: z.enum([APPROVE, DENY]),
      data: z.object({
        id: z.string().regex(/^[0-9a-f]{32}$/),
        tenant: z.string().max(64),
        [REASON]: z.string().max(500).optional(),
      }),
    }),
  }),
});

/** One conversation, of which all send to the same address. */
export interface TeamsConversation {
  readonly settings: TeamsSettings;
  readonly channel: Channel;
}

/** What receiving works with. */
export interface TeamsDeps {
  readonly store: ChannelStore;
  readonly decisions: ChannelDecisions;
}

/** @returns the handler; it returns false for requests that are not for it. */
export function createTeamsReceiver(
  conversations: readonly TeamsConversation[],
  deps: TeamsDeps,
): (request: IncomingMessage, response: ServerResponse) => boolean {
  const keys = new Map<string, Promise<JWTVerifyGetKey>>();
  const keySet = (metadata: string): Promise<JWTVerifyGetKey> => {
    const known = keys.get(metadata) ?? fetchKeys(metadata);
    keys.set(metadata, known);
    known.catch(() => keys.delete(metadata));
    return known;
  };
  return (request, response) => {
    if (request.url !== TEAMS_PATH || conversations.length === 0) return false;
    receive(request, response).catch(() => respond(response, 500));
    return true;
  };

  async function receive(request: IncomingMessage, response: ServerResponse): Promise<void> {
    if (request.method !== 'POST') return respond(response, 405);
    const token = /^Bearer ([\w.-]{1,8192})$/i.exec(request.headers.authorization ?? '')?.[1] ?? '';
    const verified: { readonly conversation: TeamsConversation; readonly service: string }[] = [];
    for (const conversation of conversations) {
      const { appId, metadata } = conversation.settings;
      const service = token === '' ? undefined : await serviceOf(token, appId, await keySet(metadata));
      if (service !== undefined) verified.push({ conversation, service });
    }
    // Nothing is read from whoever is not the Bot Framework.
    if (verified.length === 0) return respond(response, 401);
    const body = await readRawBody(request, BODY_BYTES_MAX);
    if (body === undefined) return respond(response, 413);
    const activity = activitySchema.safeParse(parseJson(body.toString()));
    if (!activity.success) return respond(response, 200);
    const { data } = activity;
    // Teams names a reply by the conversation and the message that it is in.
    const [name] = data.conversation.id.split(';');
    const found = verified.find(
      ({ conversation: { settings }, service }) =>
        settings.conversation === name &&
        settings.tenantId === data.channelData.tenant.id &&
        service === data.serviceUrl,
    );
    if (found === undefined) return respond(response, 403);
    respond(response, 200, await decided(data, found.conversation.channel, deps));
  }
}

/** @returns what the person reads. */
async function decided(
  { value, from, replyToId }: z.infer<typeof activitySchema>,
  channel: Channel,
  { store, decisions }: TeamsDeps,
): Promise<string> {
  const { verb, data } = value.action;
  if ((await store.addressOf(channel.name, data.id)) !== replyToId) return 'This card decides nothing.';
  const reason = data[REASON]?.trim();
  const answer = await decideInChannel(
    channel,
    {
      id: data.id,
      tenant: data.tenant,
      verdict: verb === APPROVE ? 'approve' : 'deny',
      reason: verb === DENY && reason !== '' ? reason : undefined,
      who: { objectId: from.aadObjectId },
    },
    ARGUMENTS_CHARACTERS_MAX,
    decisions,
  );
  return answer.ok ? 'Recorded.' : answer.why;
}

/** The service that the token is of; `undefined` for a token that is not valid. */
async function serviceOf(token: string, appId: string, keys: JWTVerifyGetKey): Promise<string | undefined> {
  try {
    const { payload } = await jwtVerify(token, keys, {
      issuer: ISSUER,
      audience: appId,
      algorithms: ['RS256', 'ES256'],
      clockTolerance: CLOCK_TOLERANCE_SECONDS,
      requiredClaims: ['exp', 'serviceurl'],
    });
    return typeof payload['serviceurl'] === 'string' ? payload['serviceurl'] : undefined;
  } catch {
    return undefined;
  }
}

async function fetchKeys(metadata: string): Promise<JWTVerifyGetKey> {
  const { statusCode, body } = await httpRequest(metadata, { signal: AbortSignal.timeout(TIMEOUT_MS) });
  if (statusCode !== 200) throw new Error(`the Bot Framework’s metadata has status ${statusCode}`);
  const { jwks_uri: uri } = z.object({ jwks_uri: z.url() }).parse(parseJson((await readBounded(body)).toString()));
  return createRemoteJWKSet(new URL(uri), { timeoutDuration: TIMEOUT_MS });
}

/** @param message for the person, as the answer to an action of a card. */
function respond(response: ServerResponse, status: number, message?: string): void {
  if (response.headersSent) return void response.destroy();
  const type = 'application/vnd.microsoft.activity.message';
  const body = message === undefined ? '' : JSON.stringify({ statusCode: 200, type, value: message });
  response.writeHead(status, {
    ...(body !== '' && { 'Content-Type': 'application/json' }),
    'Content-Length': Buffer.byteLength(body),
    ...(status !== 200 && { Connection: 'close' }),
  });
  response.end(body);
}
