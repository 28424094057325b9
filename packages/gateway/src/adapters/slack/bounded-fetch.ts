/** Requests to Slack, whose answers are bounded. */
import type { FetchFunction } from '@slack/web-api';
import { readBounded } from '../../channels/read-bounded.ts';

/** Reads the whole answer, within the time of the request. @throws Error for one that is too large. */
export const boundedFetch: FetchFunction = async (url, init = {}) => {
  const response = await fetch(url, init as RequestInit);
  const body = response.body === null ? null : new Uint8Array(await readBounded(response.body));
  return new Response(body, { status: response.status, headers: response.headers });
};
