/** Signed notes one after the other: each ends in a newline, with an empty line between them. */

const SIGNATURE_LINE = '\n— ';
/** A longer text is no note. */
const NOTE_CHARS_MAX = 64 * 1024;

/**
 * The notes in a text that comes in pieces. What is no note is returned as if it were one, so that it is not
 * overlooked.
 */
export function* notesIn(pieces: Iterable<Buffer>): Generator<string> {
  const decoder = new TextDecoder();
  let text = '';
  for (const piece of pieces) {
    text += decoder.decode(piece, { stream: true });
    let start = 0;
    for (let end = endOf(text, start); end !== -1; end = endOf(text, start)) {
      yield text.slice(start, end + 1);
      start = end + 2;
    }
    text = text.slice(start);
    if (text.length <= NOTE_CHARS_MAX) continue;
    yield text;
    text = '';
  }
  if (text !== '') yield text;
}

/** Where the signature line of the note ends that begins at `start`; -1 when the text does not reach so far. */
function endOf(text: string, start: number): number {
  const signature = text.indexOf(SIGNATURE_LINE, start);
  return signature === -1 ? -1 : text.indexOf('\n\n', signature + SIGNATURE_LINE.length);
}
