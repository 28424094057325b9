import { GuardError } from '@sallyport/guard';

/** `=?base64?…?=` (case-sensitive) stands for text that a header cannot hold; anything else stands for itself (SEP-2243). */
export function decodeSentinel(value: string): string {
  const encoded = /^=\?base64\?(.*)\?=$/s.exec(value)?.[1];
  if (encoded === undefined) return value;
  const raw = Buffer.from(encoded, 'base64');
  const text = raw.toString('utf8');
  if (raw.toString('base64') !== encoded || !Buffer.from(text).equals(raw))
    throw new GuardError('header_mismatch', { message: 'A header is not valid base64.' });
  return text;
}
