/**
 * B1: every reader of foreign bytes takes time in proportion to their number. Each is fed hostile text of one length
 * and of eight times that length, and the CPU time of a byte is compared, so that the speed of the machine does not
 * matter. What is quadratic takes eight times as long for each byte.
 */
import { createSealer, uriFault, type Json } from '@sallyport/guard';
import { canonicalize, oneLine, parseStrict } from '@sallyport/guard/json';
import { compileSchema, readAuthorization } from '@sallyport/guard/stages';
import { describe, expect, it } from 'vitest';
import { findResumption } from '../../packages/server/src/edge/sessions/streams.ts';
import { readClientMessage } from '../../packages/server/src/mcp/client-message.ts';
import { decodeHeaderText, encodeHeaderText } from '../../packages/server/src/mcp/header-text.ts';
import { createLineSplitter } from '../../packages/server/src/mcp/lines.ts';
import { readServerMessages } from '../../packages/server/src/mcp/server-message.ts';
import { createSseParser, isEventStream } from '../../packages/server/src/mcp/sse.ts';
import { lookAlikeKeys, nameFault } from '../../packages/gateway/src/upstream/pins/names.ts';
import {
  compileTemplate,
  createTemplateMatcher,
  hasDotSegments,
} from '../../packages/gateway/src/upstream/pins/template.ts';
import { compileLike } from '../../packages/guard/src/policy/like.ts';
import { readCompactJwt } from '../../packages/guard/src/stages/authenticate/compact-jwt.ts';

const SHORT = 12_000;
const TIMES_LONGER = 8;
/** Linear work has a ratio of 1, quadratic work one of 8; caches and collections of garbage are in between. */
const RATIO_MAX = 4;
/** Below this the clock and the collector of garbage are larger than the work. */
const NOTICED_MS = 20;
const ATTEMPTS = 6;

const cpuMs = (run: () => void): number => {
  const before = process.cpuUsage();
  run();
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1_000;
};

/** A refusal is an answer, too. */
const attempt = (read: () => unknown): void => {
  try {
    read();
  } catch {
    // Only the time counts here.
  }
};

/** The least of several attempts, because other work on the machine only ever adds. */
function growthOf(read: (text: string) => unknown, shape: (length: number) => string, length = SHORT): number {
  const [short, long] = [shape(length), shape(length * TIMES_LONGER)];
  let least = Infinity;
  for (let round = 0; round < ATTEMPTS && least > RATIO_MAX; round++) {
    const shortMs = cpuMs(() => {
      for (let at = 0; at < TIMES_LONGER; at++) attempt(() => read(short));
    });
    const longMs = cpuMs(() => attempt(() => read(long)));
    least = Math.min(least, longMs < NOTICED_MS ? 1 : longMs / Math.max(shortMs, 0.1));
  }
  return least;
}

const limits = { bytesMax: 16_000_000, depthMax: 64, keysMax: 10_000 };
const sealer = createSealer(new Uint8Array(32).fill(7));
const parse = (text: string) => parseStrict(Buffer.from(text), limits);
const template = compileTemplate('file:///{a}/x{+b}y/{c}') ?? [];
const like = compileLike(['Wildcard', { Literal: 'ab' }, 'Wildcard', { Literal: 'ba' }, 'Wildcard', { Literal: 'x' }]);

const READERS: Readonly<Record<string, (text: string) => unknown>> = {
  'strict JSON': parse,
  'strict JSON in a string': (text) => parse(`{"a":"${text}"}`),
  'strict JSON in a list': (text) => parse(`[${text}]`),
  'a message of a client': (text) => readClientMessage(parse(`{"jsonrpc":"2.0","id":1,"method":"${text}"}`)),
  'messages of a server': (text) => readServerMessages(Buffer.from(`{"jsonrpc":"2.0","id":1,"result":${text}}`), 1e8),
  'one line of JSON': (text) => oneLine(Buffer.from(text)),
  'canonical JSON': (text) => canonicalize({ [text]: text }),
  'a token': (text) => readCompactJwt(`${Buffer.from(text).toString('base64url')}.e30.e30`),
  'a token as it is': readCompactJwt,
  'an Authorization header': (text) => readAuthorization([`Bearer ${text}`]),
  'a header in base64': (text) => decodeHeaderText(`=?base64?${text}?=`),
  'text for a header': encodeHeaderText,
  'a content type': (text) => isEventStream(`text/event-stream${text}`),
  'server-sent events': (text) => createSseParser(1e8, () => {}).push(Buffer.from(`data: ${text}\n\n`)),
  lines: (text) => [...createLineSplitter(1e8).split(Buffer.from(text))],
  'a URI': (text) => createTemplateMatcher(`file:///${text}`)(template),
  'the URI of a resource': (text) => uriFault(`file:///${encodeURIComponent(text)}`),
  'a URI template': (text) => compileTemplate(`file:///${text}{a}`),
  'dot segments': hasDotSegments,
  'the name of a tool': (text) => nameFault('tool', text, ['crm']),
  'the name of a prompt': (text) => nameFault('prompt', text, ['crm']),
  'the name of a resource': (text) => nameFault('resource', `x:${text}`, ['crm']),
  'names that look alike': (text) => nameFault('tool', text, []) ?? lookAlikeKeys('tool', text),
  'a schema with anchors': (text) => compileSchema(withAnchors(text)),
  'an event id': (text) => findResumption(new Map(), text),
  'a sealed id': (text) => sealer.open('session', '', text),
  'the like of Cedar': like,
};

/** As many anchors as there are characters in a hundred of its address. */
const withAnchors = (text: string): Record<string, Json> => ({
  $id: `https://schema.test/${text}`,
  $defs: Object.fromEntries(Array.from({ length: text.length / 100 }, (_, at) => [`k${at}`, { $anchor: `a${at}` }])),
});

const repeated =
  (piece: string, end = '') =>
  (length: number): string =>
    piece.repeat(Math.ceil(length / piece.length)) + end;

const SHAPES: Readonly<Record<string, (length: number) => string>> = {
  zeros: repeated('0', '1'),
  'a fraction of zeros': (length) => `1.${'0'.repeat(length)}1`,
  'a long exponent': (length) => `1e${'0'.repeat(length)}1`,
  signs: repeated('-1', '.'),
  points: repeated('1.', 'e'),
  numbers: repeated('10,', '1'),
  spaces: repeated(' ', 'x'),
  'lines of spaces': repeated(' \r', 'x'),
  'line ends': repeated('\r\n', 'x'),
  commas: repeated(','),
  quotes: repeated('"'),
  backslashes: repeated('\\', '"'),
  'escaped quotes': repeated('\\"'),
  'empty strings': repeated('"",', '""'),
  escapes: repeated('\\u0061'),
  brackets: repeated('['),
  'pairs of brackets': repeated('[],', '[]'),
  members: repeated('"a" : 1 , ', '"b":1'),
  letters: repeated('a', '!'),
  'letters in turn': repeated('ab', '!'),
  separators: repeated('_.-', '!'),
  percents: repeated('%252e', '/'),
  dots: repeated('../', 'x'),
  braces: repeated('{a}x', '}'),
  colons: repeated(':', 'x'),
  'base64 and padding': repeated('YQ', '=='),
  padding: repeated('=', 'a'),
  'combining marks': (length) => `a${'\u0301'.repeat(length / 2)}${'\u0316'.repeat(length / 2)}`,
  characters: repeated('é\u2028', '\u0000'),
};

describe('B1 work for a byte does not grow with the length', () => {
  it.each(Object.keys(READERS))('of %s', (name) => {
    const read = READERS[name] as (text: string) => unknown;
    const grown = Object.entries(SHAPES)
      .map(([shape, make]) => ({ shape, ratio: growthOf(read, make) }))
      .filter(({ ratio }) => ratio > RATIO_MAX);
    expect(grown).toEqual([]);
  });

  it('what is quadratic is found', () => {
    expect(growthOf((text) => text.replace(/0+$/, ''), repeated('0', '1'), 1_500)).toBeGreaterThan(RATIO_MAX);
  });
});
