/** Which names may be served: of a plain alphabet, unlike every other name of the same server, and no other server's. */
import type { DefinitionKind } from '@sallyport/guard';

const TOOL = /^[A-Za-z0-9_.-]{1,128}$/;
const PROMPT = /^[A-Za-z0-9_.:/-]([A-Za-z0-9_.:/ -]{0,126}[A-Za-z0-9_.:/-])?$/;
const URI = /^[A-Za-z][A-Za-z0-9+.-]{0,63}:[^\s\p{Cc}\p{Cf}\p{Zl}\p{Zp}]{0,2048}$/u;

/** Why a name cannot be served; `undefined` when it can. @param servers names of all configured servers. */
export function nameFault(kind: DefinitionKind, name: string, servers: readonly string[]): string | undefined {
  if (kind === 'resource' || kind === 'resource_template')
    return URI.test(name) ? undefined : 'not an absolute URI of visible characters';
  if (!(kind === 'tool' ? TOOL : PROMPT).test(name)) return 'characters or length outside the allowed alphabet';
  const borrowed = servers.find((server) => name.startsWith(`${server}__`));
  return borrowed === undefined ? undefined : 'begins with the prefix of a server';
}

/**
 * Names that share a key look alike. One key folds case and compatibility forms; the other is the skeleton: look-alike
 * digits and letters, and what is at the end unseen (Unicode UTS 39, as far as the allowed alphabet reaches). Folding
 * both at once would miss `getInfo` and `getinfo`. URIs are compared as they are.
 */
export function lookAlikeKeys(kind: DefinitionKind, name: string): readonly string[] {
  if (kind === 'resource' || kind === 'resource_template') return [name];
  const plain = name
    .normalize('NFKC')
    .replace(/[\p{Cf}\p{Mn}]/gu, '')
    .replace(/[.\-_ ]+$/, '');
  const skeleton = plain.replace(/I/g, 'l').toLowerCase().replace(/1/g, 'l').replace(/0/g, 'o').replace(/rn/g, 'm');
  return [`case ${plain.toLowerCase()}`, `shape ${skeleton}`];
}
