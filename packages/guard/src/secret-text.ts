/** Text that may hold secrets, for readers who must not see them: logs, callers, models. */

/**
 * What stands in place of a secret.
 *
 * @example
 * ```ts
 * const hidesSomething = (text: string): boolean => hideSecrets(text).includes(REDACTED);
 * ```
 */
export const REDACTED = '[redacted]';

/** Shorter values, such as `1` or `info`, are no secrets, and without them the text could not be read. */
const VALUE_CHARACTERS_MIN = 6;
/**
 * Sallyport's API keys, JWTs (also parts of them), bearer and basic credentials, well-known keys of other products, PEM
 * private keys, credentials in URLs.
 */
const SECRETS: readonly RegExp[] = [
  /\bsp_[A-Za-z0-9]{2,64}_[A-Za-z0-9_-]{8,}/g,
  /\beyJ[A-Za-z0-9_-]{6,}(?:\.[A-Za-z0-9_-]*){0,4}/g,
  /\b(?:Bearer|Basic|DPoP)\s+[A-Za-z0-9._~+/=-]{6,}/gi,
  /\b(?:ghp|gho|ghs|ghu|glpat|npm|hf|sk|rk|pk|xox[abpr])[-_][A-Za-z0-9_-]{16,}/g,
  /\bAKIA[A-Z0-9]{12,}/g,
  /-----BEGIN [A-Z ]{0,30}PRIVATE KEY-----[^-]{0,8192}(?:-----END [A-Z ]{0,30}PRIVATE KEY-----)?/g,
  /(?<=:\/\/)[^\s/@:]{1,256}:[^\s/@]{1,256}(?=@)/g,
];
/** `password=x`, and `"password": "x"` as JSON writes it. The name stays. */
const NAMED_SECRETS: readonly RegExp[] = [
  /((?:passwd|password|pwd|secret|token|(?:api|access|private)[-_]?key)=["']?)[^\s"',;&]{1,256}/gi,
  /((?:passwd|password|pwd|secret|token|(?:api|access|private)[-_]?key)["']: ?["'])[^"']{1,256}/gi,
];

/**
 * The same text without what looks like a secret, and without these values.
 *
 * @param values exact values that must never appear; those under 6 characters are ignored.
 * @example
 * ```ts
 * const line = hideSecrets('connect postgres://app:hunter2@db failed');
 * ```
 */
export function hideSecrets(text: string, values: readonly string[] = []): string {
  let shown = text;
  for (const value of values)
    if (value.length >= VALUE_CHARACTERS_MIN && shown.includes(value)) shown = shown.replaceAll(value, REDACTED);
  for (const pattern of SECRETS) shown = shown.replace(pattern, REDACTED);
  for (const pattern of NAMED_SECRETS) shown = shown.replace(pattern, `$1${REDACTED}`);
  return shown;
}
