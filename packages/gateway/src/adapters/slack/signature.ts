/**
 * U11: whether Slack sent these bytes, lately
 * (https://docs.slack.dev/authentication/verifying-requests-from-slack).
 */
import { createHmac, timingSafeEqual } from 'node:crypto';

const WINDOW_SECONDS = 5 * 60;

/** Whether a timestamp is of now. @param nowMs wall clock. */
export const isTimely = (timestamp: string | undefined, nowMs: number): timestamp is string =>
  timestamp !== undefined &&
  /^[0-9]{1,12}$/.test(timestamp) &&
  Math.abs(nowMs / 1_000 - Number(timestamp)) <= WINDOW_SECONDS;

/**
 * @param body the bytes as they came: a body that was parsed and written again has another signature.
 * @param nowMs wall clock.
 */
export function isFromSlack(
  headers: { readonly timestamp: string | undefined; readonly signature: string | undefined },
  body: Buffer,
  signingSecret: string,
  nowMs: number,
): boolean {
  const { timestamp, signature = '' } = headers;
  if (!isTimely(timestamp, nowMs)) return false;
  const expected = Buffer.from(
    `v0=${createHmac('sha256', signingSecret).update(`v0:${timestamp}:`).update(body).digest('hex')}`,
  );
  const given = Buffer.from(signature);
  return given.length === expected.length && timingSafeEqual(given, expected);
}
