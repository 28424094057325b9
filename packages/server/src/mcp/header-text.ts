/** Text in headers (SEP-2243): as it is, or as `=?base64?…?=` when a header cannot carry it. */
import { GuardError } from '@sallyport/guard';

/** Visible ASCII, with spaces inside. A tab is legal, but recipients differ in whether they accept it. */
const PLAIN = /^[\x21-\x7e](?:[\x20-\x7e]*[\x21-\x7e])?$/;

/** @returns the text itself, or its base64 form when the text cannot stand in a header or looks like that form. */
export function encodeHeaderText(text: string): string {
  const looksEncoded = text.startsWith('=?base64?') && text.endsWith('?=');
  return PLAIN.test(text) && !looksEncoded ? text : `=?base64?${Buffer.from(text).toString('base64')}?=`;
}

/** @throws GuardError `header_mismatch` for a base64 form that does not decode to UTF-8 text in exactly one way. */
export function decodeHeaderText(value: string): string {
  // The prefix is case-sensitive; what is not the whole form stands for itself.
  const encoded = /^=\?base64\?(.*)\?=$/s.exec(value)?.[1];
  if (encoded === undefined) return value;
  const bytes = Buffer.from(encoded, 'base64');
  const text = bytes.toString('utf8');
  if (bytes.toString('base64') !== encoded || !Buffer.from(text).equals(bytes))
    throw new GuardError('header_mismatch', { message: 'A header is not valid base64.' });
  return text;
}
