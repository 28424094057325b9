/** The address that Slack sends interactions to. Nothing is parsed before its signature is known to be Slack's. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Clock } from '@sallyport/guard';
import { parseJson } from '@sallyport/guard/json';
import { readRawBody } from '@sallyport/server/listen/raw-body';
import { isFromSlack, isTimely } from './signature.ts';

/** Path on the admin listener. */
export const SLACK_PATH = '/channels/slack';

const BODY_BYTES_MAX = 128 * 1024;
/** Longer than the window in which a timestamp is accepted, on both sides. */
const REMEMBERED_MS = 11 * 60_000;
const REMEMBERED_MAX = 10_000;

/** One app of Slack, of which all channels send to the same address. */
export interface SlackApp {
  readonly signingSecret: string;
  readonly act: (payload: unknown) => void;
}

/** @returns the handler; it returns false for requests that are not for it. */
export function createSlackReceiver(
  apps: readonly SlackApp[],
  clock: Clock,
): (request: IncomingMessage, response: ServerResponse) => boolean {
  const seen = new Map<string, number>();
  return (request, response) => {
    if (request.url !== SLACK_PATH || apps.length === 0) return false;
    void receive(request, response).catch(() => end(response, 500));
    return true;
  };

  async function receive(request: IncomingMessage, response: ServerResponse): Promise<void> {
    if (request.method !== 'POST') return end(response, 405);
    // B3: what its head forbids already is not read.
    if (!isTimely(headerOf(request, 'x-slack-request-timestamp'), clock.now())) return end(response, 401);
    const body = await readRawBody(request, BODY_BYTES_MAX);
    if (body === undefined) return end(response, 413);
    const signature = headerOf(request, 'x-slack-signature');
    const timestamp = headerOf(request, 'x-slack-request-timestamp');
    const signed = apps.filter((app) => isFromSlack({ timestamp, signature }, body, app.signingSecret, clock.now()));
    if (signed.length === 0) return end(response, 401);
    // Slack repeats what it got no answer to; whoever recorded a request repeats it too.
    if (!isNew(signature ?? '')) return end(response, 200);
    const payload = new URLSearchParams(body.toString()).get('payload');
    // Slack waits for three seconds, so the answer comes before anything is done.
    end(response, 200);
    for (const { act } of signed) act(parseJson(payload ?? ''));
  }

  function isNew(signature: string): boolean {
    const nowMs = clock.now();
    for (const [known, atMs] of seen) {
      if (nowMs - atMs < REMEMBERED_MS && seen.size < REMEMBERED_MAX) break;
      seen.delete(known);
    }
    if (seen.has(signature)) return false;
    seen.set(signature, nowMs);
    return true;
  }
}

const headerOf = ({ headers }: IncomingMessage, name: string): string | undefined => {
  const value = headers[name];
  return typeof value === 'string' ? value : undefined;
};

function end(response: ServerResponse, status: number): void {
  if (response.headersSent) return void response.destroy();
  response.writeHead(status, { 'Content-Length': 0, ...(status !== 200 && { Connection: 'close' }) }).end();
}
