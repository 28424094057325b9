/** Text of a document as a model reads it: one paragraph, bounded, without markup and characters that nobody sees. */

/** Control, format (bidirectional, zero-width, tags), private-use and surrogate characters, variation selectors. */
const INVISIBLE = /[\p{Cc}\p{Cf}\p{Co}\p{Cs}\u{fe00}-\u{fe0f}\u{e0100}-\u{e01ef}\u115f\u1160\u3164\uffa0]/gu;
/** Markup that is taken out makes a text shorter. */
const READ_TIMES = 8;

/** @returns at most `charactersMax` characters, cut after a sentence or a word; empty for what is no text. */
export function cleanText(text: unknown, charactersMax: number): string {
  if (typeof text !== 'string') return '';
  const plain = withoutComments(text.slice(0, charactersMax * READ_TIMES))
    .replace(/<\/?[a-zA-Z][^<>]{0,300}>/g, ' ')
    .replace(/!?\[([^[\]]{0,300})\]\([^()\s]{0,1000}\)/g, '$1')
    .replace(/\s+/g, ' ')
    .replace(INVISIBLE, '')
    .replace(/ {2,}/g, ' ')
    .trim();
  return plain.length <= charactersMax ? plain.toWellFormed() : cut(plain, charactersMax);
}

/** Of HTML, which Markdown hides: a reader of the page never sees what a model would read. */
function withoutComments(text: string): string {
  let shown = '';
  let from = 0;
  for (let start = text.indexOf('<!--'); start !== -1; start = text.indexOf('<!--', from)) {
    shown += text.slice(from, start);
    const end = text.indexOf('-->', start);
    from = end === -1 ? text.length : end + 3;
  }
  return shown + text.slice(from);
}

function cut(text: string, charactersMax: number): string {
  const head = text.slice(0, charactersMax - 1);
  const sentence = head.lastIndexOf('. ');
  if (sentence > charactersMax / 2) return head.slice(0, sentence + 1).toWellFormed();
  const word = head.lastIndexOf(' ');
  return `${head.slice(0, word > charactersMax / 2 ? word : charactersMax - 1).toWellFormed()}…`;
}
