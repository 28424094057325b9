/** A path inside a root, as a caller writes it: one spelling for each file, and none that means more than a name. */
import { ToolError } from '../errors.ts';

const PATH_BYTES_MAX = 4_096;
const SEGMENT_BYTES_MAX = 255;
const SEGMENTS_MAX = 64;
/** Control characters, what separates folders or streams elsewhere, and what Windows keeps for patterns. */
const FORBIDDEN = /[\u0000-\u001f\u007f\\:*?"<>|]/;
/** Devices of Windows, with whatever stands behind them. */
const DEVICE = /^(con|prn|aux|nul|conin\$|conout\$|com[0-9¹²³]|lpt[0-9¹²³])(\.|$)/i;
/** Percent-encoded dots, separators, NUL and percent signs: something behind this may decode them. */
const ENCODED = /%(2e|2f|5c|00|25|u)/i;
const SEPARATOR = /[\\/\u2044\u2215\u29f8\u29f5\ufe68]/;

/**
 * @param path names with `/` between them; empty for the root itself.
 * @returns the names, none of them special.
 * @throws ToolError `INVALID_ARGUMENT` for a path that is absolute, that has `.`, `..` or an empty name, or a name that
 * means something else on another system or after another decoding.
 */
export function segmentsOf(path: string): readonly string[] {
  if (typeof path !== 'string') throw invalid('A path is a text.');
  if (path === '') return [];
  if (Buffer.byteLength(path) > PATH_BYTES_MAX) throw invalid('The path is too long.');
  const segments = path.split('/');
  if (segments.length > SEGMENTS_MAX) throw invalid('The path has too many folders.');
  for (const segment of segments) {
    const fault = faultOf(segment);
    if (fault !== undefined) throw invalid(fault);
  }
  return segments;
}

/** Why a name is not used; `undefined` when it is. */
export function faultOf(name: string): string | undefined {
  if (name === '') return 'The path is absolute or has an empty name.';
  if (name === '.' || name === '..') return 'The path has . or .. as a name.';
  if (Buffer.byteLength(name) > SEGMENT_BYTES_MAX) return 'A name is too long.';
  if (!name.isWellFormed() || FORBIDDEN.test(name) || ENCODED.test(name))
    return 'A name has a character that is refused.';
  // What becomes a separator or a dot when it is brought into another form of Unicode.
  const plain = name.normalize('NFKC');
  if (SEPARATOR.test(name) || SEPARATOR.test(plain) || /^\.+$/.test(plain))
    return 'A name has a character that is refused.';
  if (/[. ]$/.test(name) || name.startsWith(' ')) return 'A name begins with a space, or ends with a dot or a space.';
  return DEVICE.test(name) ? 'A name is that of a device.' : undefined;
}

const invalid = (message: string): ToolError =>
  new ToolError('INVALID_ARGUMENT', message, {
    suggestion: 'Send names with / between them, relative to the root, as list shows them.',
  });
