/** Arguments of a program that look like secrets: every user of the machine can read the arguments of a process. */
import { looksSecret } from './secrets.ts';

/** Options that say where a secret is, such as `--token-file`. */
const NAMES_A_PLACE = /(?:file|path|dir|folder|env|name|url|uri|id|command|cmd)$/i;
const REFERENCE = /^(?:\$\{?\w|env:|file:|vault:|aws:|azure:|gcp:|k8s:)/;

/** @returns the indexes of the arguments that hold a secret, as far as can be seen. */
export function argumentSecrets(args: readonly string[]): readonly number[] {
  return args.flatMap((argument, index) => {
    const [, option, value] = /^--?([\w.-]+)=(.*)$/s.exec(argument) ?? [];
    if (option !== undefined) return isSecret(option, value ?? '') ? [index] : [];
    const before = /^--?([\w.-]+)$/.exec(args[index - 1] ?? '')?.[1] ?? '';
    const isValue = !argument.startsWith('-');
    return (isValue && isSecret(before, argument)) || looksSecret('', argument) || hasPassword(argument) ? [index] : [];
  });
}

const isSecret = (option: string, value: string): boolean =>
  value !== '' &&
  !REFERENCE.test(value) &&
  (looksSecret('', value) || hasPassword(value) || (looksSecret(option, value) && !NAMES_A_PLACE.test(option)));

const hasPassword = (text: string): boolean =>
  /^[a-z][a-z0-9+.-]*:\/\/[^/\s]*@/i.test(text) && URL.canParse(text) && new URL(text).password !== '';
