/** Which names may be served: a plain alphabet, no two names of a server that look alike, no prefix of a server. */
import { uriFault, uriTemplateFault, type DefinitionKind } from '@sallyport/guard';

const TOOL = /^[A-Za-z0-9_.-]{1,128}$/;
const PROMPT = /^[A-Za-z0-9_.:/-]([A-Za-z0-9_.:/ -]{0,126}[A-Za-z0-9_.:/-])?$/;
const URI_CHARACTERS_MAX = 2_048;

/** Why a name cannot be served; `undefined` when it can. @param servers names of all configured servers. */
export function nameFault(kind: DefinitionKind, name: string, servers: readonly string[]): string | undefined {
  if (kind === 'resource' || kind === 'resource_template')
    return name.length > URI_CHARACTERS_MAX ? 'a URI that is too long' : spellingFault(kind, name);
  if (!(kind === 'tool' ? TOOL : PROMPT).test(name)) return 'characters or length outside the allowed alphabet';
  const owner = servers.find((server) => name.startsWith(`${server}__`));
  return owner === undefined ? undefined : 'begins with the prefix of a server';
}

/** Why the URI of a resource or the text of a template has another spelling: no caller could read it (B12). */
function spellingFault(kind: DefinitionKind, name: string): string | undefined {
  const fault = kind === 'resource_template' ? uriTemplateFault(name) : uriFault(name);
  return fault && `its URI is not in the normal form of RFC 3986: ${fault}; the server has to list it in that form`;
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
