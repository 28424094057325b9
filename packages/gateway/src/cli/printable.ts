/** Text from a server, made safe for a terminal. */

/** What moves the cursor, changes colours, reorders letters or is invisible: control, format and tag characters. */
const UNPRINTABLE = new RegExp(
  [
    '[\u0000-\u0008\u000b-\u001f\u007f-\u009f]',
    '[\u00ad\u061c\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff]',
    '[\u{e0000}-\u{e007f}]',
  ].join('|'),
  'gu',
);

/** Shows every unprintable character as an escape such as `\u{202e}`. Tabs and line breaks stay. */
export function printable(text: string): string {
  return text.replace(UNPRINTABLE, (character) => `\\u{${(character.codePointAt(0) ?? 0).toString(16)}}`);
}

/** The same on one line, cut to a width. */
export function printableLine(text: string, width: number): string {
  const line = printable(text.replace(/\s+/g, ' ').trim());
  return line.length <= width ? line : `${line.slice(0, width - 1)}…`;
}
