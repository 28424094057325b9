/**
 * J15: `_meta` is the one place where a caller may write what it likes, so it is bounded, its trace context is checked, and
 * keys that only the protocol or the gateway may write are left out. What they say was read before (`readModern`).
 */
import { GuardError, type Json, type JsonObject } from '@sallyport/guard';
import { isReservedMetaKey, META, metaOf } from '../../mcp/meta-keys.ts';

const META_CHARACTERS_MAX = 16 * 1024;
const TOKEN_CHARACTERS_MAX = 256;
const TRACEPARENT = /^00-(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}$/;
const TRACESTATE = /^[\x20-\x7e]{1,512}$/;
/** The one reserved key that clients may send to servers. */
const PASSED_ON = META.relatedTask;

export const isTraceparent = (value: unknown): value is string => typeof value === 'string' && TRACEPARENT.test(value);

/** @returns the same params when nothing had to go. @throws GuardError `invalid_params` for a `_meta` that is too large or malformed. */
export function checkMeta(params: JsonObject): JsonObject {
  if (params['_meta'] === undefined) return params;
  const meta = metaOf(params);
  if (meta === undefined) throw new GuardError('invalid_params', { message: 'params._meta must be an object.' });
  if (JSON.stringify(meta).length > META_CHARACTERS_MAX)
    throw new GuardError('invalid_params', { message: 'params._meta is too large.' });
  const token = meta['progressToken'];
  if (token !== undefined && !isToken(token))
    throw new GuardError('invalid_params', {
      message: 'params._meta.progressToken must be a short string or an integer.',
    });
  const traced = isTraceparent(meta['traceparent']);
  const kept = Object.entries(meta).filter(([key, value]) => passes(key, value, traced));
  return kept.length === Object.keys(meta).length ? params : { ...params, _meta: Object.fromEntries(kept) };
}

const isToken = (token: Json): boolean =>
  (typeof token === 'string' && token.length <= TOKEN_CHARACTERS_MAX) ||
  (typeof token === 'number' && Number.isSafeInteger(token));

function passes(key: string, value: Json, traced: boolean): boolean {
  // Baggage is believed by whoever reads it, and there is no list of what a caller may say in it.
  if (key === 'baggage') return false;
  if (key === 'traceparent') return traced;
  if (key === 'tracestate') return traced && typeof value === 'string' && TRACESTATE.test(value);
  return !isReservedMetaKey(key) || key === PASSED_ON;
}
