/** Which names may be served: a plain alphabet, no two names of a server that look alike, no prefix of a server. */
import type { DefinitionKind } from '@sallyport/guard';

const TOOL = /^[A-Za-z0-9_.-]{1,128}$/;
const PROMPT = /^[A-Za-z0-9_.:/-]([A-Za-z0-9_.:/ -]{0,126}[A-Za-z0-9_.:/-])?$/;
const URI = /^[A-Za-z][A-Za-z0-9+.-]{0,63}:[^\s\p{Cc}\p{Cf}\p{Zl}\p{Zp}]{0,2048}$/u;

/** Why a name cannot be served; `undefined` when it can. @param servers names of all configured servers. */
export function nameFault(kind: DefinitionKind, name: string, servers: readonly string[]): string | undefined {
  if (kind === 'resource' || kind === 'resource_template')
    return URI.test(name) ? undefined : 'not an absolute URI of visible characters';
  if (!(kind === 'tool' ? TOOL : PROMPT).test(name)) return 'characters or length outside the allowed alphabet';
  const owner = servers.find((server) => name.startsWith(`${server}__`));
  return owner === undefined ? undefined : 'begins with the prefix of a server';
}

/**
 * Two names that share a key look alike. One key folds case and compatibility forms. The other is the skeleton: it
 * folds letters and digits that look alike, and drops separators at the end (Unicode UTS 39, as far as the allowed
 * alphabet reaches). One key for both would miss `getInfo` and `getinfo`. URIs are compared as they are.
 */
export function lookAlikeKeys(kind: DefinitionKind, name: string): readonly string[] {
  if (kind === 'resource' || kind === 'resource_template') return [name];
  const plain = withoutSeparatorsAtEnd(name.normalize('NFKC').replace(/[\p{Cf}\p{Mn}]/gu, ''));
  const skeleton = plain.replace(/I/g, 'l').toLowerCase().replace(/1/g, 'l').replace(/0/g, 'o').replace(/rn/g, 'm');
  return [`case ${plain.toLowerCase()}`, `shape ${skeleton}`];
}

/** B1: a loop, because an expression tries every separator as the beginning of the end. */
function withoutSeparatorsAtEnd(name: string): string {
  let end = name.length;
  while (end > 0 && '.-_ '.includes(name[end - 1] as string)) end--;
  return name.slice(0, end);
}
