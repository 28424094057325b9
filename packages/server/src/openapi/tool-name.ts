/** Names of tools: a verb first, words in lower case with `_` between them, at most 64 characters. */
import { createHash } from 'node:crypto';

const CHARACTERS_MAX = 64;
const DIGEST_CHARACTERS = 6;

const VERBS = new Set(
  (
    'accept activate add allow append apply approve archive assign attach authorize ban block bulk ' +
    'calculate cancel capture change check clear clone close complete configure confirm connect convert ' +
    'copy count create deactivate delete deny deploy describe detach disable disconnect dismiss download ' +
    'edit enable end evaluate execute expire export fetch find finish fork generate get give import index ' +
    'init install invite issue join leave link list lock lookup mark merge modify move open parse patch ' +
    'pause pay pin ping post preview process publish purge push put query read rebuild redeliver refresh ' +
    'refund register reject release remove rename render reopen replace request rerun reset resolve ' +
    'restart restore resume retry return reverse revoke rotate run save schedule search select send set ' +
    'show sign start stop submit subscribe suspend sync test transfer trigger unarchive unassign unban ' +
    'unblock uninstall unlink unlock unpin unsubscribe update upload upsert use validate verify void ' +
    'watch withdraw write'
  ).split(' '),
);

const VERB_OF_METHOD: Readonly<Record<string, string>> = {
  GET: 'get',
  HEAD: 'check',
  OPTIONS: 'describe',
  POST: 'create',
  PUT: 'replace',
  PATCH: 'update',
  DELETE: 'delete',
  QUERY: 'search',
};

/** The name that follows from the operation: from its id, else from method and path. */
export function toolNameOf(operationId: string | undefined, method: string, path: string): string {
  const words = operationId === undefined ? [] : wordsOf(operationId);
  return shortened(words.length > 0 ? withVerbFirst(words, method) : nameOfRoute(method, path));
}

/** `listUsersById`, `users.list-by_id`, `HTTPServer2` → words in lower case. */
function wordsOf(text: string): string[] {
  return text
    .slice(0, 400)
    .replace(/([a-z0-9])([A-Z])/g, '$1 $2')
    .replace(/([A-Z])([A-Z][a-z])/g, '$1 $2')
    .toLowerCase()
    .split(/[^a-z0-9]+/)
    .filter((word) => word !== '');
}

/** `repos list for user` → `list_repos_for_user`; without any verb the one of the HTTP method is put in front. */
function withVerbFirst(words: readonly string[], method: string): string {
  const at = words.findIndex((word) => VERBS.has(word));
  const ordered =
    at >= 0
      ? [words[at] as string, ...words.slice(0, at), ...words.slice(at + 1)]
      : [VERB_OF_METHOD[method] ?? 'call', ...words];
  return ordered.join('_');
}

/** `GET /customers/{id}` → `get_customers_by_id`, `GET /customers` → `list_customers`. */
function nameOfRoute(method: string, path: string): string {
  const segments = path.split('/').filter((segment) => segment !== '');
  const isCollection = method === 'GET' && segments.length > 0 && !segments.at(-1)?.includes('{');
  const verb = isCollection ? 'list' : (VERB_OF_METHOD[method] ?? 'call');
  const words = segments.flatMap((segment) => (segment.includes('{') ? ['by', ...wordsOf(segment)] : wordsOf(segment)));
  return [verb, ...words].join('_');
}

function shortened(name: string): string {
  if (name.length <= CHARACTERS_MAX) return name;
  const digest = createHash('sha256').update(name).digest('hex').slice(0, DIGEST_CHARACTERS);
  const room = CHARACTERS_MAX - DIGEST_CHARACTERS - 1;
  const cut = name.slice(0, room);
  return `${cut.slice(0, cut.lastIndexOf('_') > 20 ? cut.lastIndexOf('_') : room)}_${digest}`;
}

/** True for a name that a tool may be given. */
export const isToolName = (name: string): boolean => /^[a-z][a-z0-9_]{0,63}$/.test(name);
