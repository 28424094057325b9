/**
 * U18: arguments that nobody can judge by reading them: encoded text, commands that decode or fetch what they run, code
 * that makes code. Nothing is refused for it; approvers are told, and a rule may ask more of them.
 */
import type { Json, JsonObject } from '../call.ts';

/**
 * A part of the arguments that cannot be judged by reading it.
 *
 * @example
 * ```ts
 * const line = ({ path, why }: Uninspectable): string => `${path}: ${why}`;
 * ```
 */
export interface Uninspectable {
  /** JSON pointer (RFC 6901) into the arguments. */
  readonly path: string;
  readonly why: string;
}

/** Beyond it nobody reads on, and this does not either. */
const READ_CHARACTERS_MAX = 16_384;
const FOUND_MAX = 50;

/**
 * The parts of arguments that cannot be judged by reading them, at most 50.
 *
 * @example
 * ```ts
 * const isReadable = (args: JsonObject): boolean => uninspectableParts(args).length === 0;
 * ```
 */
export function uninspectableParts(args: JsonObject): readonly Uninspectable[] {
  const found: Uninspectable[] = [];
  addFrom(args, '', found);
  return found.slice(0, FOUND_MAX);
}

function addFrom(value: Json, path: string, found: Uninspectable[]): void {
  if (found.length >= FOUND_MAX) return;
  if (typeof value === 'string') return judge(value, path, found);
  if (typeof value !== 'object' || value === null) return;
  if (Array.isArray(value)) {
    const items = value as readonly Json[];
    // A command is often a list of its words.
    if (items.length > 1 && items.every((item) => typeof item === 'string')) judge(items.join(' '), path, found);
    else for (const [index, item] of items.entries()) addFrom(item, `${path}/${index}`, found);
    return;
  }
  for (const [name, member] of Object.entries(value as JsonObject)) {
    const pointer = `${path}/${name.replaceAll('~', '~0').replaceAll('/', '~1')}`;
    judge(name, pointer, found);
    addFrom(member, pointer, found);
  }
}

function judge(text: string, path: string, found: Uninspectable[]): void {
  const read = text.slice(0, READ_CHARACTERS_MAX);
  const why = SIGNS.find(([, isSign]) => isSign(read))?.[0];
  if (why !== undefined) found.push({ path, why });
  else if (text.length > READ_CHARACTERS_MAX) found.push({ path, why: 'it is too long to be read' });
}

type IsSign = (text: string) => boolean;

const anyOf =
  (...patterns: readonly RegExp[]): IsSign =>
  (text) =>
    patterns.some((pattern) => pattern.test(text));

/** Of a name to what follows it. */
const NEAR = 40;
/** A command, and near it an option that makes it decode. */
const decodes =
  (command: RegExp, option: RegExp): IsSign =>
  (text) => {
    const found = command.exec(text);
    return found !== null && option.test(text.slice(found.index, found.index + found[0].length + NEAR));
  };

const isDecoded: readonly IsSign[] = [
  decodes(/base(?:64|32)/i, /-d\b|--decode/i),
  decodes(/certutil/i, /-decode/i),
  decodes(/Buffer\.from\(/, /base64|hex/),
  anyOf(/openssl (?:enc|base64)\b/i, /xxd -r/, /\batob ?\(/, /FromBase64String/i, /b64decode/, /unhexlify|fromhex\(/),
  anyOf(/uudecode/, /gunzip -c/, /zlib\.decompress/, /gzinflate/i, /rot13/i),
];

const isEvaluated = anyOf(
  /\beval\b/i,
  /\bexec ?\(/i,
  /execute immediate\b/i,
  /sp_executesql|xp_cmdshell/i,
  /new Function ?\(/,
  /Invoke-Expression|\biex\b/i,
  /-e(?:nc|ncodedcommand)? [A-Za-z0-9+/=]{16}/i,
  /__import__|os\.system|subprocess|child_process/,
  /String\.fromCharCode|\bchr ?\([0-9]|\bunescape ?\(/i,
  /LD_PRELOAD/,
);

/** In the order in which they are told. Each looks at a bounded text. */
const SIGNS: readonly (readonly [why: string, isSign: IsSign])[] = [
  ['it passes something to a shell or an interpreter', passesToInterpreter],
  ['it decodes what it runs', (text) => isDecoded.some((isSign) => isSign(text))],
  ['it evaluates text as code', isEvaluated],
  ['it runs the output of another command', anyOf(/\$\([^)]/, /`[^`]{2}/, /<\([^)]/)],
  [
    'it spells characters as numbers',
    anyOf(
      /\\x[0-9a-f][0-9a-f]\\x[0-9a-f][0-9a-f]\\x/i,
      /\\u\{?[0-9a-f]{4}\}?\\u\{?[0-9a-f]{4}/i,
      /\\[0-7][0-7][0-7]\\[0-7][0-7][0-7]\\[0-7]/,
      /%[0-9a-f][0-9a-f]%[0-9a-f][0-9a-f]%[0-9a-f][0-9a-f]%/i,
    ),
  ],
  ['it builds words from variables', anyOf(/\$\{?IFS\b/, /\$\{![a-z_]/i, /\^[a-z]\^/i)],
  ['it is encoded', isEncoded],
];

const PROGRAMS = [
  'sh bash zsh ksh dash fish tcsh csh python python2 python3 perl ruby node php pwsh powershell lua osascript',
  'xargs tclsh deno bun cmd',
];
const INTERPRETERS: ReadonlySet<string> = new Set(PROGRAMS.flatMap((names) => names.split(' ')));
/** Words that may stand before a command. */
const PREFIXES: ReadonlySet<string> = new Set(['sudo', 'env', 'exec', 'command', 'nohup', 'time']);
const INLINE = /^-{1,2}(?:c|e|r|enc|command|encodedcommand|eval)$/i;

/** `… | sh`, and `sh -c …`, whatever stands before. */
function passesToInterpreter(text: string): boolean {
  return text.split(/[;&\n]/).some((command) => {
    const [first = '', ...piped] = command.split('|');
    return isInline(first) || piped.some((part) => interpreterAt(wordsOf(part)) !== undefined || isInline(part));
  });
}

const wordsOf = (text: string): readonly string[] => text.split(/\s/).filter((word) => word !== '');

/** @returns the position after the name of an interpreter, when the words call one. */
function interpreterAt(words: readonly string[]): number | undefined {
  const at = words.findIndex((word) => !PREFIXES.has(word));
  const name = words[at]?.slice((words[at]?.lastIndexOf('/') ?? -1) + 1).replace(/\.exe$/i, '');
  return name !== undefined && INTERPRETERS.has(name.toLowerCase()) ? at + 1 : undefined;
}

/** A few options may stand before the one that is followed by the script. */
const OPTIONS_MAX = 4;

function isInline(command: string): boolean {
  const words = wordsOf(command);
  const at = interpreterAt(words);
  return at !== undefined && words.slice(at, at + OPTIONS_MAX).some((word) => INLINE.test(word));
}

/** Words of encoded text: base64 in either alphabet, base32, hexadecimal; digests and identifiers are none. */
function isEncoded(text: string): boolean {
  if (/;base64,/.test(text)) return true;
  return text.split(/[\s"'<>(){}[\],;:|]/).some(isEncodedWord);
}

const ENCODED_LENGTH_MIN = 40;
const DIGEST_LENGTHS: ReadonlySet<number> = new Set([40, 56, 64, 96, 128]);

function isEncodedWord(word: string): boolean {
  if (word.length < ENCODED_LENGTH_MIN) return /^(?:H4sI|TVqQ|UEsDB|JVBERi|eyJ)[A-Za-z0-9+/_=-]{12}/.test(word);
  if (/^[0-9a-f]+$/i.test(word)) return !DIGEST_LENGTHS.has(word.length);
  if (/^[A-Z2-7]+=*$/.test(word)) return true;
  if (!/^[A-Za-z0-9+/_.=-]+$/.test(word)) return false;
  // Paths and names have separators or words; encoded text changes between letters and digits all the time.
  return changes(word) / word.length > 0.3 && /[0-9]/.test(word) && /[A-Z]/.test(word) && /[a-z]/.test(word);
}

/** How often the kind of character changes: small letter, capital, digit, sign. */
function changes(word: string): number {
  let count = 0;
  for (let at = 1; at < word.length; at++)
    if (kindOf(word.charCodeAt(at)) !== kindOf(word.charCodeAt(at - 1))) count += 1;
  return count;
}

function kindOf(code: number): 'small' | 'capital' | 'digit' | 'sign' {
  if (code >= 97 && code <= 122) return 'small';
  if (code >= 65 && code <= 90) return 'capital';
  return code >= 48 && code <= 57 ? 'digit' : 'sign';
}
