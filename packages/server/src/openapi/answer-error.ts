/** Error answers of an interface: a code that a model can act on, and one line of what the interface said. */
import { asObject, errorText, isObject, type Json, type JsonObject } from '@sallyport/guard';
import type { RestResponse } from './answer.ts';

/**
 * An error that the interface answered with.
 *
 * @example
 * ```ts
 * const isGone = ({ code }: RestError): boolean => code === 'NOT_FOUND';
 * ```
 */
export interface RestError {
  /** `error_code` of the result. */
  readonly code: string;
  readonly message: string;
  readonly suggestion?: string;
  /** Seconds. */
  readonly retryAfter?: number;
}

type Row = readonly [code: string, message: string, suggestion?: string];

const ROWS: Readonly<Record<number, Row>> = {
  400: ['INVALID_ARGUMENT', 'The interface did not accept the arguments', 'Correct the arguments and call again.'],
  401: ['UPSTREAM_FAILED', 'The interface did not accept the credential of this server', 'Tell the operator.'],
  403: ['PERMISSION_DENIED', 'The interface does not permit this call'],
  404: ['NOT_FOUND', 'The interface has no such thing', 'Check the ids in the arguments.'],
  408: ['TIMEOUT', 'The interface took too long'],
  409: ['CONFLICT', 'The state of the interface conflicts with this call', 'Read the current state first.'],
  410: ['NOT_FOUND', 'What the call is about no longer exists'],
  412: ['CONFLICT', 'A condition of the call does not hold', 'Read the current state first.'],
  413: ['INVALID_ARGUMENT', 'The arguments are too large for the interface', 'Send less.'],
  422: ['INVALID_ARGUMENT', 'The interface did not accept the arguments', 'Correct the arguments and call again.'],
  429: ['RATE_LIMITED', 'The rate limit of the interface is exhausted', 'Wait, then call again.'],
  503: ['UNAVAILABLE', 'The interface cannot take the call now', 'Call again later.'],
  504: ['TIMEOUT', 'The interface took too long'],
};

const FAILED: Row = ['UPSTREAM_FAILED', 'The interface failed'];
const RETRY_SECONDS_MAX = 86_400;

/** Redirects count as errors: they are not followed to other places. */
export const isErrorStatus = (status: number): boolean => status < 200 || status > 299;

/** @param secrets values that the text must not hold. */
export function restErrorOf(response: RestResponse, secrets: readonly string[]): RestError {
  const { status } = response;
  if (status >= 300 && status < 400)
    return { code: 'UPSTREAM_FAILED', message: 'The interface redirects to another place, which is not followed.' };
  const [code, message, suggestion] = ROWS[status] ?? (status < 500 ? (ROWS[400] as Row) : FAILED);
  // A credential that is refused is the operator's business: what is said of it is not shown.
  const said = status === 401 ? '' : errorText(saidIn(response), secrets);
  const retryAfter = retrySeconds(response.retryAfter);
  return {
    code,
    message: `${message} (HTTP status ${status})${said === '' ? '.' : `: ${said}`}`,
    ...(suggestion !== undefined && { suggestion }),
    ...(retryAfter !== undefined && (status === 429 || status === 503) && { retryAfter }),
  };
}

/** Seconds, or a date (RFC 9110, section 10.2.3). */
function retrySeconds(header: string | undefined): number | undefined {
  if (header === undefined) return undefined;
  const seconds = /^\d{1,9}$/.test(header) ? Number(header) : Math.ceil((Date.parse(header) - Date.now()) / 1_000);
  return Number.isFinite(seconds) && seconds >= 0 ? Math.min(seconds, RETRY_SECONDS_MAX) : undefined;
}

const READ_BYTES_MAX = 64 * 1024;
const TEXTS_MAX = 5;

function saidIn({ contentType, body }: RestResponse): string {
  const text = body.subarray(0, READ_BYTES_MAX).toString();
  if (/^text\/plain/i.test(contentType)) return text;
  if (!/^application\/(?:[\w.-]+\+)?json/i.test(contentType)) return '';
  try {
    return [...new Set(messagesIn(JSON.parse(text) as Json, 0))].slice(0, TEXTS_MAX).join('; ');
  } catch {
    return '';
  }
}

/** Members in which interfaces say what is wrong: RFC 9457, and what is usual besides. Others are not read. */
const SAYING = ['title', 'detail', 'message', 'msg', 'error_description', 'error', 'description', 'reason'] as const;
const LISTS = ['error', 'errors', 'details', 'error_messages', 'messages', 'fault', 'fields'] as const;
const DEPTH_MAX = 4;

function messagesIn(value: Json, depth: number): readonly string[] {
  if (depth > DEPTH_MAX) return [];
  if (typeof value === 'string') return [value];
  if (Array.isArray(value))
    return (value as readonly Json[]).slice(0, TEXTS_MAX).flatMap((item) => messagesIn(item, depth + 1));
  if (!isObject(value)) return [];
  const own = SAYING.flatMap((name) => (typeof value[name] === 'string' ? [value[name]] : []));
  const inner = LISTS.flatMap((name) => (typeof value[name] === 'object' ? [value[name]] : []));
  return [...withPlace(own, value), ...inner.flatMap((item) => messagesIn(item, depth + 1))];
}

/** Which argument is meant, where the interface says so beside the message. */
function withPlace(texts: readonly string[], value: JsonObject): readonly string[] {
  const place = ['field', 'param', 'property', 'pointer', 'path'].map((name) => asObject(value)[name]).find(isText);
  return place === undefined || texts.length === 0 ? texts : [`${String(place)}: ${texts.join(': ')}`];
}

const isText = (value: unknown): boolean => typeof value === 'string' && value.length <= 200;
