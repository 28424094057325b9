/** The Bot Framework connector: messages of a bot in a conversation of Teams (REST API 3.0). */
import { request } from 'undici';
import { z } from 'zod';
import { readBounded } from '../../channels/read-bounded.ts';
import type { TeamsSettings } from '../../snapshot.ts';

/** Writes messages as the bot. */
export interface Connector {
  /** @returns the id of the message. */
  post(activity: object, signal?: AbortSignal): Promise<string>;
  /** @returns false when the message is gone. */
  update(id: string, activity: object, signal?: AbortSignal): Promise<boolean>;
}

const TIMEOUT_MS = 10_000;
/** A token is replaced so long before it expires. */
const SPARE_MS = 5 * 60_000;

const tokenSchema = z.object({ access_token: z.string().min(1), expires_in: z.number() });
const postedSchema = z.object({ id: z.string().min(1).max(500) });

/** @param nowMs a clock that is never set back. */
export function createConnector(
  { appId, appSecret, tenantId, conversation, serviceUrl, login }: TeamsSettings,
  nowMs: () => number = () => performance.now(),
): Connector {
  let token: { readonly value: string; readonly untilMs: number } | undefined;
  const accessToken = async (): Promise<string> => {
    if (token !== undefined && nowMs() < token.untilMs) return token.value;
    const form = new URLSearchParams({
      grant_type: 'client_credentials',
      client_id: appId,
      client_secret: appSecret,
      scope: 'https://api.botframework.com/.default',
    });
    const { statusCode, body } = await request(`${login}/${tenantId}/oauth2/v2.0/token`, {
      method: 'POST',
      headers: { 'content-type': 'application/x-www-form-urlencoded' },
      body: form.toString(),
      signal: AbortSignal.timeout(TIMEOUT_MS),
    });
    if (statusCode !== 200) throw await failure('Microsoft refuses the credentials of the bot', statusCode, body);
    const { access_token: value, expires_in: seconds } = tokenSchema.parse(await jsonOf(body));
    token = { value, untilMs: nowMs() + seconds * 1_000 - SPARE_MS };
    return value;
  };
  const base = `${serviceUrl.replace(/\/$/, '')}/v3/conversations/${encodeURIComponent(conversation)}/activities`;
  const send = async (method: 'POST' | 'PUT', url: string, activity: object, signal: AbortSignal | undefined) =>
    request(url, {
      method,
      headers: { authorization: `Bearer ${await accessToken()}`, 'content-type': 'application/json' },
      body: JSON.stringify(activity),
      signal: signal ?? AbortSignal.timeout(TIMEOUT_MS),
    });
  return {
    async post(activity, signal) {
      const { statusCode, body } = await send('POST', base, activity, signal);
      if (statusCode < 200 || statusCode > 299) throw await failure('Teams takes no message', statusCode, body);
      return postedSchema.parse(await jsonOf(body)).id;
    },
    async update(id, activity, signal) {
      const { statusCode, body } = await send('PUT', `${base}/${encodeURIComponent(id)}`, activity, signal);
      if (statusCode !== 404 && (statusCode < 200 || statusCode > 299))
        throw await failure('Teams does not change a message', statusCode, body);
      await body.dump({ limit: 16_384 });
      return statusCode !== 404;
    },
  };
}

/** A token that was taken back is not used again, and nothing of the answer is repeated. */
async function failure(what: string, status: number, body: { dump(options: { limit: number }): Promise<void> }) {
  await body.dump({ limit: 16_384 });
  return new Error(`${what} (status ${status})`);
}

const jsonOf = async (body: AsyncIterable<Uint8Array>): Promise<unknown> =>
  JSON.parse((await readBounded(body)).toString()) as unknown;
