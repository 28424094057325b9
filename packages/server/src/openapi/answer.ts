/**
 * An answer of the interface as a model gets it: read strictly by its media type, trimmed with a note when it is long.
 * An error becomes a code, and of what the interface said one line that was inspected (R6).
 */
import { isObject, type Json, type JsonObject } from '@sallyport/guard';
import type { AnswerShape, OperationBinding } from './binding.ts';
import { isErrorStatus, restErrorOf, type RestError } from './answer-error.ts';
import { moreNote } from './pages.ts';
import { trimmed } from './trim.ts';

/**
 * What came back.
 *
 * @example
 * ```ts
 * const isJson = ({ contentType }: RestResponse): boolean => contentType === 'application/json';
 * ```
 */
export interface RestResponse {
  readonly status: number;
  /** Empty when there is none. */
  readonly contentType: string;
  /** `Link` and `Retry-After`, for pages and for waits. */
  readonly link?: string;
  readonly retryAfter?: string;
  readonly body: Buffer;
}

/**
 * A successful answer: text for the model, and the same as data.
 *
 * @example
 * ```ts
 * const isStructured = ({ structured }: RestAnswer): boolean => structured !== undefined;
 * ```
 */
export interface RestAnswer {
  readonly text: string;
  readonly structured?: JsonObject;
  /** For the model: what was left out, and how to get it. */
  readonly note?: string;
  /** An image or sound instead of text. */
  readonly media?: { readonly type: 'image' | 'audio'; readonly data: string; readonly mimeType: string };
}

/**
 * How answers are read.
 *
 * @example
 * ```ts
 * const reading: AnswerReading = { bytesMax: 64 * 1024, secrets: [] };
 * ```
 */
export interface AnswerReading {
  /** Bytes that the text of an answer may have; what is longer is trimmed. */
  readonly bytesMax: number;
  /** Values that no text of an error may hold. */
  readonly secrets: readonly string[];
}

const DEPTH_MAX = 100;

/**
 * @returns the answer, or the error that it stands for. Never throws for what the interface sent.
 * @example
 * ```ts
 * const answer = answerOf(operation, { status: 204, contentType: '', body: Buffer.alloc(0) }, reading);
 * ```
 */
export function answerOf(
  operation: OperationBinding,
  response: RestResponse,
  reading: AnswerReading,
): RestAnswer | RestError {
  if (isErrorStatus(response.status)) return restErrorOf(response, reading.secrets);
  const { body, contentType, status } = response;
  const type = mediaType(contentType);
  if (body.length === 0) {
    if (operation.answer === 'none') return { text: `Done (HTTP status ${status}, no content).` };
    return unreadable('an answer without content');
  }
  if (!isAccepted(operation, type)) return unreadable('an answer of a type that its description does not name');
  if (isJsonType(type)) return jsonAnswer(operation, response, reading);
  if (operation.answer !== 'none') return unreadable('an answer that is not JSON');
  if (/^(?:image\/(?!svg)|audio\/)[\w.+-]+$/.test(type)) return mediaAnswer(type, body, reading);
  if (!/^(?:text\/|application\/(?:yaml|x-yaml)$)/.test(type))
    return { text: `The answer is a file (${type || 'of no type'}, ${body.length} bytes), which is not passed on.` };
  const text = utf8(body);
  return text === undefined ? unreadable('text that is not UTF-8') : textAnswer(text, reading.bytesMax);
}

const TOO_LONG: RestError = {
  code: 'OUTPUT_BLOCKED',
  message: 'The answer is too long to pass on, and cannot be shortened. The call was executed.',
  suggestion: 'Ask for less.',
};

const unreadable = (what: string): RestError => ({
  code: 'UPSTREAM_FAILED',
  message: `The interface sent ${what}. The call was executed.`,
});

/** In lower case, without parameters; a charset that is not UTF-8 is part of it, so that nothing matches. */
function mediaType(contentType: string): string {
  const [type = '', ...parameters] = contentType.toLowerCase().split(';');
  const charset = parameters.map((text) => /^\s*charset="?([\w-]+)"?\s*$/.exec(text)?.[1]).find(Boolean);
  const isUtf8 = charset === undefined || ['utf-8', 'utf8', 'us-ascii'].includes(charset);
  return isUtf8 ? type.trim() : `${type.trim()};charset=${charset}`;
}

const isJsonType = (type: string): boolean => /^application\/(?:[\w.-]+\+)?json$/.test(type);

/** Nothing described: JSON and text. JSON counts as every kind of JSON, because interfaces name them loosely. */
function isAccepted({ accepts }: OperationBinding, type: string): boolean {
  if (accepts.length === 0) return isJsonType(type) || type.startsWith('text/plain');
  return accepts.some(
    (accepted) =>
      accepted === type ||
      accepted === '*/*' ||
      (isJsonType(accepted) && isJsonType(type)) ||
      (accepted.endsWith('/*') && type.startsWith(accepted.slice(0, -1))),
  );
}

function jsonAnswer(
  operation: OperationBinding,
  response: RestResponse,
  { bytesMax }: AnswerReading,
): RestAnswer | RestError {
  const text = utf8(response.body);
  const value = text === undefined || depthOf(text) > DEPTH_MAX ? undefined : jsonValue(text);
  if (value === undefined) return unreadable('JSON that cannot be read');
  const short = trimmed(value, bytesMax);
  if (short === undefined) return TOO_LONG;
  const { value: kept, notes } = short;
  const structured = structureOf(operation.answer, kept);
  if (operation.answer === 'object' && structured === undefined) return unreadable('an answer of another shape');
  const more = moreNote(operation, value, response.link);
  const note = [...notes, ...(more === undefined ? [] : [more])].join(' ');
  return {
    text: JSON.stringify(structured ?? kept),
    ...(structured !== undefined && { structured }),
    ...(note !== '' && { note }),
  };
}

function structureOf(shape: AnswerShape, value: Json): JsonObject | undefined {
  if (shape === 'items' || shape === 'value') return { [shape]: value };
  return isObject(value) ? value : undefined;
}

/** The reviver learns the text of a number (ECMAScript 2026), which the types of `JSON.parse` do not say yet. */
const parseWithSource = JSON.parse as (
  text: string,
  reviver: (key: string, value: Json, context: { readonly source?: string }) => Json,
) => Json;

/** Integers beyond 2^53 become text: as numbers they would be other ones. */
function jsonValue(text: string): Json | undefined {
  try {
    if (!/\d{16}/.test(text)) return JSON.parse(text) as Json;
    return parseWithSource(text, (_key, value, { source = '' }) =>
      typeof value === 'number' && !Number.isSafeInteger(value) && /^-?\d+$/.test(source) ? source : value,
    );
  } catch {
    return undefined;
  }
}

/** Counted in the text, because building a deep value is what costs. */
function depthOf(text: string): number {
  let depth = 0;
  let deepest = 0;
  let isText = false;
  for (let at = 0; at < text.length; at++) {
    const sign = text[at];
    if (isText) {
      if (sign === '\\') at += 1;
      else if (sign === '"') isText = false;
    } else if (sign === '"') isText = true;
    else if (sign === '{' || sign === '[') deepest = Math.max(deepest, ++depth);
    else if (sign === '}' || sign === ']') depth -= 1;
  }
  return deepest;
}

function utf8(bytes: Buffer): string | undefined {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    return undefined;
  }
}

function mediaAnswer(mimeType: string, body: Buffer, { bytesMax }: AnswerReading): RestAnswer {
  const data = body.toString('base64');
  if (data.length > bytesMax)
    return { text: `The answer is a file (${mimeType}, ${body.length} bytes), which is too large to pass on.` };
  return { text: '', media: { type: mimeType.startsWith('image/') ? 'image' : 'audio', data, mimeType } };
}

function textAnswer(text: string, bytesMax: number): RestAnswer {
  if (Buffer.byteLength(text) <= bytesMax) return { text };
  const kept = Buffer.from(text)
    .subarray(0, bytesMax)
    .toString()
    .replace(/\uFFFD$/, '');
  return { text: kept, note: `The text is cut off after ${bytesMax} of ${Buffer.byteLength(text)} bytes.` };
}
