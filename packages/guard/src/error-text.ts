import { hideSecrets } from './secret-text.ts';

/** Enough for a model to act on. */
const CHARACTERS_MAX = 500;
/** Text behind this is not read. */
const READ_CHARACTERS_MAX = 4_000;
/** A line of a stack trace, as JavaScript, Python, Java and Go write it. */
const STACK_FRAME = /^(?:at |File "|Traceback |Caused by: |goroutine |\.\.\. \d)/;
/** Control, format (bidirectional, zero-width), private-use and lone surrogate characters. */
const INVISIBLE = /[\p{Cc}\p{Cf}\p{Co}\p{Cs}]/gu;
const HTML_TAG = /<[/!a-zA-Z][^<>]{0,200}>/g;

/**
 * What a server or tool says of its failure, for a model that has to go on: one line of at most 500 characters, without
 * secrets, markup, stack frames and characters that nobody sees. Empty when nothing is left.
 *
 * @param secrets values that must never appear, such as the credentials that the server was given.
 * @example
 * ```ts
 * const text = errorText(new TypeError('fetch failed').message);
 * ```
 */
export function errorText(text: string, secrets: readonly string[] = []): string {
  const lines = hideSecrets(text.slice(0, READ_CHARACTERS_MAX), secrets)
    .split(/[\r\n\u0085\u2028\u2029]/)
    .map((line) => line.replace(INVISIBLE, '').replace(HTML_TAG, ' ').trim())
    .filter((line) => line !== '' && !STACK_FRAME.test(line));
  // Characters that were taken out may have kept a secret from being seen.
  return hideSecrets(lines.join(' '), secrets).slice(0, CHARACTERS_MAX).toWellFormed();
}
