/** Versions of resources as HTTP says them (RFC 9110): `ETag`, `If-None-Match`, `If-Match`. */
import type { IncomingMessage } from 'node:http';
import { headerValues } from '@sallyport/server/listen/header-values';
import { ApiProblem } from '../problem.ts';

/** The strong entity tag of a version. */
export const etagOf = (version: string | number): string => `"${version}"`;

const TAGS_MAX = 16;
/** Strong tags only: a weak one says nothing about bytes. */
const TAG_LIST = /^\s*(?:"[\x21\x23-\x7e]{1,128}"\s*(?:,\s*"[\x21\x23-\x7e]{1,128}"\s*){0,15})$/;

/** Tags of `If-Match`, `*` included; `undefined` without the header. @throws ApiProblem for what cannot be read. */
export function readIfMatch(request: IncomingMessage): readonly string[] | undefined {
  const values = headerValues(request, 'if-match');
  if (values.length === 0) return undefined;
  const [value = ''] = values;
  if (values.length === 1 && value.trim() === '*') return ['*'];
  if (values.length > 1 || !TAG_LIST.test(value))
    throw new ApiProblem('INVALID_REQUEST', { detail: 'If-Match must be one list of strong entity tags.' });
  return value.split(',', TAGS_MAX).map((tag) => tag.trim());
}

/** @throws ApiProblem when the caller names another version than the one that is. */
export function checkVersion(ifMatch: readonly string[] | undefined, version: string | number): void {
  if (ifMatch === undefined || ifMatch.includes('*') || ifMatch.includes(etagOf(version))) return;
  throw new ApiProblem('PRECONDITION_FAILED');
}

/** Whether the caller has this version already. RFC 9110 section 13.1.2 compares weakly. */
export function hasVersion(request: IncomingMessage, version: string | number): boolean {
  const tags = headerValues(request, 'if-none-match').flatMap((value) => value.split(','));
  return tags.some((tag) => tag.trim().replace(/^W\//, '') === etagOf(version));
}
