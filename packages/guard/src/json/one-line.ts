/**
 * JSON text as one line, for transports that frame messages by line (A17): white space between tokens may contain line
 * breaks, and a second line would be a message that the guard has not judged. No value changes.
 */

const LF = 0x0a;
const CR = 0x0d;
/** U+0085, U+2028 and U+2029: ordinary characters to JSON, line breaks to many line readers. */
const SEPARATORS = ['\u0085', '\u2028', '\u2029'].map((text) => Buffer.from(text));

/**
 * @param bytes JSON text in UTF-8.
 * @returns the same bytes when every line reader sees one line.
 *
 * @example
 * ```ts
 * const line = oneLine(Buffer.from('{\n"id": 1\n}'));
 * ```
 */
export function oneLine(bytes: Buffer): Buffer {
  if (!bytes.includes(LF) && !bytes.includes(CR) && !SEPARATORS.some((separator) => bytes.includes(separator)))
    return bytes;
  // LF and CR are white space outside strings, and not allowed inside; the separators occur in strings only.
  const text = bytes.toString('utf8').replace(/[\n\r]/g, ' ');
  return Buffer.from(
    text.replace(/[\u0085\u2028\u2029]/g, (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`),
  );
}
