/**
 * J15: `_meta` is the one place where callers may write what they like. So its size is bounded, its trace context is
 * checked, and reserved keys are left out. The reserved keys of requests were read before (`readModern`).
 */
import { GuardError, type Json, type JsonObject } from '@sallyport/guard';
import { isReservedMetaKey, META, metaOf } from '../../mcp/meta-keys.ts';

const META_CHARACTERS_MAX = 16 * 1024;
const TOKEN_CHARACTERS_MAX = 256;
/** W3C Trace Context, sections 3.2 and 3.3. */
const TRACEPARENT = /^00-(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}$/;
const TRACESTATE = /^[\x20-\x7e]{1,512}$/;

/** True for a well-formed `traceparent` (W3C Trace Context, section 3.2) that is not all zeros. */
export const isTraceparent = (value: unknown): value is string => typeof value === 'string' && TRACEPARENT.test(value);

/**
 * @returns the same params when nothing had to be left out.
 * @throws GuardError `invalid_params` for a `_meta` that is too large or malformed.
 */
export function checkMeta(params: JsonObject): JsonObject {
  if (params['_meta'] === undefined) return params;
  const meta = metaOf(params);
  if (meta === undefined) throw new GuardError('invalid_params', { message: 'params._meta must be an object.' });
  if (JSON.stringify(meta).length > META_CHARACTERS_MAX)
    throw new GuardError('invalid_params', { message: 'params._meta is too large.' });
  const token = meta['progressToken'];
  if (token !== undefined && !isProgressToken(token))
    throw new GuardError('invalid_params', {
      message: 'params._meta.progressToken must be a short string or an integer.',
    });
  const isTraced = isTraceparent(meta['traceparent']);
  const entries = Object.entries(meta);
  const kept = entries.filter(([key, value]) => isKept(key, value, isTraced));
  return kept.length === entries.length ? params : { ...params, _meta: Object.fromEntries(kept) };
}

const isProgressToken = (token: Json): boolean =>
  (typeof token === 'string' && token.length <= TOKEN_CHARACTERS_MAX) ||
  (typeof token === 'number' && Number.isSafeInteger(token));

function isKept(key: string, value: Json, isTraced: boolean): boolean {
  // Baggage is believed by everybody who reads it, and nothing limits what a caller may write into it.
  if (key === 'baggage') return false;
  if (key === 'traceparent') return isTraced;
  if (key === 'tracestate') return isTraced && typeof value === 'string' && TRACESTATE.test(value);
  return key === META.relatedTask || !isReservedMetaKey(key);
}
