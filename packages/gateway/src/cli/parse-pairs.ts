/** `NAME=VALUE` of options that set variables and headers; a secret is a reference (`env:NAME`, `file:PATH`). */
import { looksSecret } from '../config/secrets.ts';
import type { WrittenValue } from './configured-server.ts';

const REFERENCE = /^(.*?\s)?((?:env|file|vault|aws|azure|gcp|k8s):\S+)$/s;

/**
 * @param separator between name and value.
 * @throws Error with a sentence for the user; no value is in it.
 */
export function parsePairs(
  option: string,
  pairs: readonly string[],
  separator: '=' | ':',
): Readonly<Record<string, WrittenValue>> {
  return Object.fromEntries(
    pairs.map((pair) => {
      const at = pair.indexOf(separator);
      const name = pair.slice(0, Math.max(0, at)).trim();
      if (name === '') throw new Error(`${option} must be NAME${separator}VALUE`);
      return [name, readValue(option, name, pair.slice(at + 1).trim())];
    }),
  );
}

function readValue(option: string, name: string, text: string): WrittenValue {
  const [, prefix, secret] = REFERENCE.exec(text) ?? [];
  if (secret !== undefined) return { secret, ...(prefix !== undefined && { prefix }) };
  if (looksSecret(name, text))
    throw new Error(
      `${option} ${name}: secrets are never written into the configuration; name where it is: env:NAME or file:PATH`,
    );
  return text;
}
