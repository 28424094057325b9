/**
 * JSON text as one line, for transports where a line is a message (A17): white space between tokens may hold line breaks,
 * and a second line would be a message that nobody has judged. No value changes.
 */

const LF = 0x0a;
const CR = 0x0d;
/** U+0085, U+2028 and U+2029: letters to JSON, ends of lines to many who read by lines. */
const SEPARATORS = ['\u0085', '\u2028', '\u2029'].map((text) => Buffer.from(text));

/** @param bytes JSON text in UTF-8. @returns the same bytes when they are one line to everybody. */
export function oneLine(bytes: Buffer): Buffer {
  if (!bytes.includes(LF) && !bytes.includes(CR) && !SEPARATORS.some((separator) => bytes.includes(separator)))
    return bytes;
  // Outside of strings these are white space, and inside JSON does not allow them; the separators stand in strings only.
  const text = bytes.toString('utf8').replace(/[\n\r]/g, ' ');
  return Buffer.from(
    text.replace(/[\u0085\u2028\u2029]/g, (one) => `\\u${one.charCodeAt(0).toString(16).padStart(4, '0')}`),
  );
}
