/** Values that settings are made of: text, durations, sizes, rates, addresses, secrets, approvers. */
import { DURATION, readDuration, readSelector } from '@sallyport/guard';
import { z } from 'zod';
import { LISTEN, RATE, readListen, readRate, readSize, SIZE } from './units.ts';

/** Text of at least one character. */
export const nonEmptyText = z
  .string()
  .min(1)
  .max(4096)
  .refine((text) => !/[\0-\x1f\x7f]/.test(text), 'must not contain control characters');
const DURATION_MESSAGE = 'must be a duration such as 500ms, 30s, 5m or 24h';
const SIZE_MESSAGE = 'must be a size such as 65536, 64Ki, 1Mi or 2Gi';
/** A pattern is refused because it would match no tool: the tools that it was meant for would stay unprotected. */
const TOOL_MESSAGE = 'must be the exact name of a tool (1-128 of A-Z a-z 0-9 _ . -); there are no patterns';
/** What a rule for tools must be. */
export const TOOL_OR_ALL_MESSAGE = `${TOOL_MESSAGE}, only * for every tool`;
/** The exact name of a tool. */
export const toolName = z.string(TOOL_MESSAGE).regex(/^[A-Za-z0-9_.-]{1,128}$/, TOOL_MESSAGE);
/** A duration, in milliseconds. */
export const duration = z
  .string(DURATION_MESSAGE)
  .regex(DURATION, DURATION_MESSAGE)
  .transform(readDuration)
  .refine((ms) => ms > 0, 'must be longer than nothing');
/** Node.js counts the milliseconds of a timer in 31 bits; a longer timer fires at once. */
export const timerDuration = duration.refine((ms) => ms < 2 ** 31, 'must be at most 24d');
/** YAML reads a bare 0 as a number. */
export const durationOrZero = z
  .union([z.literal(0), z.string().regex(DURATION, `${DURATION_MESSAGE}, or 0`)], {
    error: `${DURATION_MESSAGE}, or 0`,
  })
  .transform((value) => (value === 0 ? 0 : readDuration(value)));
/** A size, in bytes. */
export const size = z
  .union([z.int().min(1).max(1e12), z.string().regex(SIZE, SIZE_MESSAGE)], { error: SIZE_MESSAGE })
  .transform((value) => (typeof value === 'number' ? value : readSize(value)))
  .refine((bytes) => bytes > 0, 'must be larger than nothing');
/** The whole body becomes one string before it is parsed, and the engine holds no string that is much longer. */
export const sizeInMemory = size.refine((bytes) => bytes <= 256 * 1024 ** 2, 'must be at most 256Mi');
const rateText = z.string().regex(RATE, 'must be a rate such as 100/min per user per tool');
/** A rate of requests, as units per minute. */
export const perMinute = rateText
  .refine((text) => !text.includes(' per '), 'must be a rate such as 600/min, without "per"')
  .transform((text) => {
    const { limit, periodMs } = readRate(text);
    return Math.floor((limit * 60_000) / periodMs);
  })
  .refine((limit) => limit >= 1, 'must come to at least 1/min');
const keyedRate = rateText
  .refine((text) => text.includes(' per '), 'must say per what: tenant, user, agent or tool')
  .transform(readRate);
const APPROVER_MESSAGE = 'must be user:NAME, role:NAME or group:NAME, with " from ISSUER" where several issuers matter';
/** `kind:name`. A transform, so that the rest of the configuration sees a selector. */
export const approver = z.string(APPROVER_MESSAGE).transform((text, context) => {
  const selector = readSelector(text);
  if (selector !== undefined) return selector;
  context.addIssue(APPROVER_MESSAGE);
  return z.NEVER;
});
/** Rates of a tier, each per something. */
export const rates = z
  .union([rateText, z.array(rateText).min(1).max(16)], {
    error: 'must be a rate such as 100/min per user per tool, or a list of them',
  })
  .pipe(z.preprocess((value) => (Array.isArray(value) ? value : [value]), z.array(keyedRate)));
/** Host and port. */
export const listen = z
  .union([z.int().min(0).max(65_535), z.string().regex(LISTEN, 'must be host:port, such as 127.0.0.1:8700')], {
    error: 'must be host:port, such as 127.0.0.1:8700',
  })
  .transform((value) => readListen(String(value)))
  .refine(({ port }) => port <= 65_535, 'must have a port of at most 65535');
/** A reference to a secret. */
export const secret = z.strictObject({
  secret: z.string().max(1024).describe('A reference: `env:NAME` or `file:/path`.'),
  prefix: z.string().max(64).optional().describe('Text before the secret, such as `"Bearer "`.'),
});
/** Text, or a reference to a secret. */
export const textOrSecret = z.union([nonEmptyText, secret], { error: 'must be text, or { secret: env:NAME }' });
/** Certificate and key of a listener. */
export const tls = z.strictObject({
  cert: nonEmptyText.describe('PEM file with the certificate chain; reloaded when it changes.'),
  key: nonEmptyText.describe('PEM file with the private key; reloaded when it changes.'),
  clientCa: nonEmptyText.optional().describe('PEM file; when set, clients must present a certificate that it signed.'),
});
/** A PostgreSQL server: its URL, or the URL and what must not stand in it. */
export const database = z.union(
  [
    nonEmptyText,
    z.strictObject({
      url: nonEmptyText.describe('`postgres://USER@HOST/DATABASE`; `?host=/folder` for a Unix socket.'),
      password: z.string().max(1024).optional().describe('A reference: `env:NAME` or `file:/path`.'),
      ca: nonEmptyText.optional().describe('PEM file of the authority that signed the certificate of the server.'),
      outage: timerDuration
        .refine((ms) => ms >= 5_000, 'must be at least 5s')
        .optional()
        .describe(
          'How long calls go on with the keys and pins that were read last while the database does not answer (15m). ' +
            'A key that is revoked meanwhile works for as long in a process that is cut off.',
        ),
      plaintext: z.literal('allow').optional().describe('Weakening: reach it without TLS outside loopback.'),
    }),
  ],
  { error: 'must be postgres://USER@HOST/DATABASE, or { url, password: env:NAME }' },
);
