/**
 * Removes secrets from log lines, and keeps each on one line. A value is redacted because of its name, because it looks
 * like a secret, or because the configuration resolved to it. What is not plain data is replaced by its type.
 */
import { hideSecrets, REDACTED } from '@sallyport/guard';

const SECRET_NAME = new RegExp(
  'authorization|cookie|token$|secret|passw|passphrase|credential|api[-_]?key|private[-_]?key|' +
    '^key$|^jwt$|assertion|code[-_]?verifier',
  'i',
);
/** C0, C1, bidirectional, zero-width and tag characters, which make a terminal or a reader see another text. */
const INVISIBLE = new RegExp(
  '[\\u0000-\\u001f\\u007f-\\u009f\\u00ad\\u061c\\u180e\\u200b-\\u200f\\u2028-\\u202e' +
    '\\u2060-\\u206f\\ufeff\\ufff9-\\ufffb]|[\\u{e0000}-\\u{e007f}]|\\p{Surrogate}',
  'gu',
);

const TEXT_CHARACTERS_MAX = 2_000;
const DEPTH_MAX = 6;
const MEMBERS_MAX = 64;

/** Makes texts and fields safe to log. */
export interface LogRedactor {
  text(text: string): string;
  fields(fields: Readonly<Record<string, unknown>>): Record<string, unknown>;
}

/**
 * @param secrets exact values that must never appear, such as resolved references; those under 6 characters are
 * ignored.
 */
export function createLogRedactor(secrets: () => readonly string[]): LogRedactor {
  const text = (raw: string): string => {
    let clean = raw.length > 4 * TEXT_CHARACTERS_MAX ? raw.slice(0, 4 * TEXT_CHARACTERS_MAX) : raw;
    clean = hideSecrets(clean, secrets());
    clean = clean.replace(INVISIBLE, (character) => `\\u{${(character.codePointAt(0) ?? 0).toString(16)}}`);
    return clean.length > TEXT_CHARACTERS_MAX
      ? `${clean.slice(0, TEXT_CHARACTERS_MAX)}… (${raw.length} characters)`
      : clean;
  };
  return { text, fields: (fields) => cleanObject(fields, text, 0) };
}

type CleanText = (raw: string) => string;

function clean(value: unknown, text: CleanText, depth: number): unknown {
  switch (typeof value) {
    case 'string':
      return text(value);
    case 'number':
      return Number.isFinite(value) ? value : String(value);
    case 'boolean':
    case 'undefined':
      return value;
    case 'bigint':
      return value.toString();
    case 'object':
      break;
    default:
      return `[${typeof value}]`;
  }
  if (value === null) return null;
  if (depth >= DEPTH_MAX) return '[deep]';
  if (value instanceof Error) return cleanError(value, text, depth + 1);
  if (ArrayBuffer.isView(value) || value instanceof ArrayBuffer) return `[${value.byteLength} bytes]`;
  if (Array.isArray(value)) return value.slice(0, MEMBERS_MAX).map((member) => clean(member, text, depth + 1));
  if (value instanceof Date) return Number.isNaN(value.getTime()) ? 'invalid date' : value.toISOString();
  if (value instanceof URL) return text(value.href);
  const entries =
    value instanceof Map ? (Object.fromEntries(value) as Record<string, unknown>) : (value as Record<string, unknown>);
  return cleanObject(entries, text, depth + 1);
}

function cleanObject(
  object: Readonly<Record<string, unknown>>,
  text: CleanText,
  depth: number,
): Record<string, unknown> {
  const cleaned: Record<string, unknown> = Object.create(null) as Record<string, unknown>;
  for (const name of Object.keys(object).slice(0, MEMBERS_MAX)) {
    // A getter may throw, and a log line must not.
    let value: unknown;
    try {
      value = object[name];
    } catch {
      value = '[unreadable]';
    }
    const isSecret = SECRET_NAME.test(name) && value !== undefined && value !== null && typeof value !== 'boolean';
    cleaned[text(name)] = isSecret ? REDACTED : clean(value, text, depth);
  }
  return cleaned;
}

function cleanError(error: Error, text: CleanText, depth: number): Record<string, unknown> {
  const { code } = error as NodeJS.ErrnoException;
  return {
    type: text(error.name),
    message: text(error.message),
    ...(code === undefined ? {} : { code: text(String(code)) }),
    ...(error.stack === undefined
      ? {}
      : {
          stack: error.stack
            .split('\n')
            .slice(1, 9)
            .map((line) => text(line.trim())),
        }),
    ...(error.cause === undefined ? {} : { cause: clean(error.cause, text, depth) }),
  };
}
