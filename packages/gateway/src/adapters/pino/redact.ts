/**
 * What is logged, without secrets and on one line. Two nets: names that say that a value is a secret, and values that
 * look like one or are one that the configuration resolved. Whatever is not plain data is reduced to what it is called.
 */

const SECRET_NAME =
  /authorization|cookie|token$|secret|passw|passphrase|credential|api[-_]?key|private[-_]?key|^key$|^jwt$|assertion|code[-_]?verifier/i;
/** API keys of ours, JWTs (also cut off), bearer and basic credentials, well-known foreign keys, PEM private keys, credentials in URLs. */
const SECRET_VALUES: readonly RegExp[] = [
  /\bsp_[A-Za-z0-9]{2,64}_[A-Za-z0-9_-]{8,}/g,
  /\beyJ[A-Za-z0-9_-]{6,}(?:\.[A-Za-z0-9_-]*){0,4}/g,
  /\b(?:Bearer|Basic|DPoP)\s+[A-Za-z0-9._~+/=-]{6,}/gi,
  /\b(?:ghp|gho|ghs|ghu|glpat|npm|hf|sk|rk|pk|xox[abpr])[-_][A-Za-z0-9_-]{16,}/g,
  /\bAKIA[A-Z0-9]{12,}/g,
  /-----BEGIN [A-Z ]{0,30}PRIVATE KEY-----[^-]{0,8192}(?:-----END [A-Z ]{0,30}PRIVATE KEY-----)?/g,
  /(?<=:\/\/)[^\s/@:]{1,256}:[^\s/@]{1,256}(?=@)/g,
];
/** C0, C1, bidi, zero-width and tag characters: what makes a terminal or a reader see something else. */
const INVISIBLE =
  /[\u0000-\u001f\u007f-\u009f\u00ad\u061c\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb]|[\u{e0000}-\u{e007f}]|\p{Surrogate}/gu;

const MAX_TEXT = 2_000;
const MAX_DEPTH = 6;
const MAX_MEMBERS = 64;
export const REDACTED = '[redacted]';

export interface Redactor {
  text(text: string): string;
  fields(fields: Readonly<Record<string, unknown>>): Record<string, unknown>;
}

/** @param secrets exact values that must never appear, such as resolved references; those under 6 characters are ignored. */
export function createRedactor(secrets: () => readonly string[]): Redactor {
  const text = (raw: string): string => {
    let clean = raw.length > 4 * MAX_TEXT ? raw.slice(0, 4 * MAX_TEXT) : raw;
    for (const secret of secrets())
      if (secret.length >= 6 && clean.includes(secret)) clean = clean.replaceAll(secret, REDACTED);
    for (const pattern of SECRET_VALUES) clean = clean.replace(pattern, REDACTED);
    clean = clean.replace(INVISIBLE, (character) => `\\u{${(character.codePointAt(0) ?? 0).toString(16)}}`);
    return clean.length > MAX_TEXT ? `${clean.slice(0, MAX_TEXT)}… (${raw.length} characters)` : clean;
  };
  return { text, fields: (fields) => cleanObject(fields, { text, depth: 0 }) };
}

interface Way {
  readonly text: (raw: string) => string;
  readonly depth: number;
}

function clean(value: unknown, way: Way): unknown {
  switch (typeof value) {
    case 'string':
      return way.text(value);
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
  if (way.depth >= MAX_DEPTH) return '[deep]';
  const deeper: Way = { ...way, depth: way.depth + 1 };
  if (value instanceof Error) return cleanError(value, deeper);
  if (ArrayBuffer.isView(value) || value instanceof ArrayBuffer) return `[${value.byteLength} bytes]`;
  if (Array.isArray(value)) return value.slice(0, MAX_MEMBERS).map((member) => clean(member, deeper));
  if (value instanceof Date) return Number.isNaN(value.getTime()) ? 'invalid date' : value.toISOString();
  if (value instanceof URL) return way.text(value.href);
  const entries =
    value instanceof Map ? (Object.fromEntries(value) as Record<string, unknown>) : (value as Record<string, unknown>);
  return cleanObject(entries, deeper);
}

function cleanObject(object: Readonly<Record<string, unknown>>, way: Way): Record<string, unknown> {
  const out: Record<string, unknown> = Object.create(null) as Record<string, unknown>;
  for (const name of Object.keys(object).slice(0, MAX_MEMBERS)) {
    // A getter may throw, and a log line must not.
    let value: unknown;
    try {
      value = object[name];
    } catch {
      value = '[unreadable]';
    }
    out[way.text(name)] =
      SECRET_NAME.test(name) && value !== undefined && value !== null && typeof value !== 'boolean'
        ? REDACTED
        : clean(value, way);
  }
  return out;
}

function cleanError(error: Error, way: Way): Record<string, unknown> {
  const { code } = error as NodeJS.ErrnoException;
  return {
    type: way.text(error.name),
    message: way.text(error.message),
    ...(code === undefined ? {} : { code: way.text(String(code)) }),
    ...(error.stack === undefined
      ? {}
      : {
          stack: error.stack
            .split('\n')
            .slice(1, 9)
            .map((line) => way.text(line.trim())),
        }),
    ...(error.cause === undefined ? {} : { cause: clean(error.cause, way) }),
  };
}
