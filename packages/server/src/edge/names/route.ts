/** Which servers an endpoint shows, and which target a request names there. */
import { GuardError, isObject, type Definition, type JsonObject, type Target } from '@sallyport/guard';
import { LIST_METHODS, LISTS } from '../../mcp/lists.ts';
import { NOTIFICATION } from '../../mcp/notifications.ts';
import { rewriteMeta } from './rewrite-result.ts';
import { clientName, clientUri, SEPARATOR } from './spelling.ts';

/** An MCP endpoint: `/mcp/{server}`, or `/mcp` for all servers under `server__name`. */
export interface Route {
  readonly endpoint: string;
  /** `undefined` on `/mcp`. */
  readonly server: string | undefined;
}

/** What a request is about. */
export interface ResolvedTarget {
  readonly target: Target;
  /** Params with the server's own names. */
  readonly params: JsonObject;
}

/** A definition of one server, under the server's own name for it. */
interface ServerName {
  readonly server: string;
  readonly name: string;
}

/** The servers that an endpoint shows. @param servers all configured ones. */
export const serversOnRoute = ({ server }: Route, servers: readonly string[]): readonly string[] => {
  if (server === undefined) return servers;
  return servers.includes(server) ? [server] : [];
};

/** @throws GuardError `invalid_params` when the member that names the target is missing. */
export function resolveTarget(
  method: string,
  params: JsonObject,
  route: Route,
  servers: readonly string[],
): ResolvedTarget {
  switch (method) {
    case 'tools/call':
      return resolveName('tool', params, route, servers);
    case 'prompts/get':
      return resolveName('prompt', params, route, servers);
    case 'resources/read':
    case 'resources/subscribe':
    case 'resources/unsubscribe':
    case 'subscriptions/resource':
      return resolveUri(params, route, servers);
    case 'completion/complete':
      return resolveReference(params, route, servers);
    case 'tasks/get':
    case 'tasks/result':
    case 'tasks/update':
    case 'tasks/cancel':
    case 'subscriptions/task':
      return resolveTask(params, route, servers);
    default: {
      const target: Target = CONCERNS_SERVERS.has(method)
        ? { kind: 'servers', servers: serversOnRoute(route, servers) }
        : { kind: 'gateway' };
      return { target, params };
    }
  }
}

/** Methods that go to every server of the endpoint. */
const CONCERNS_SERVERS: ReadonlySet<string> = new Set([
  ...LIST_METHODS,
  'logging/setLevel',
  'subscriptions/listen',
  'stream/listen',
  'tasks/list',
  NOTIFICATION.rootsListChanged,
]);

const TEXT_CHARACTERS_MAX = 4_096;

function textMember(params: JsonObject, member: string): string {
  const value = params[member];
  if (typeof value !== 'string' || value.length > TEXT_CHARACTERS_MAX)
    throw new GuardError('invalid_params', { message: `params.${member} must be a string.` });
  return value;
}

/** The guard refuses such a target as not found. */
const unknownTarget = (name: string, params: JsonObject): ResolvedTarget => ({
  target: { kind: 'unknown', name },
  params,
});

function resolveName(
  kind: 'tool' | 'prompt',
  params: JsonObject,
  route: Route,
  servers: readonly string[],
): ResolvedTarget {
  const name = textMember(params, 'name');
  const found = splitName(name, route, servers);
  if (found === undefined) return unknownTarget(name, params);
  return { target: { kind, ...found }, params: { ...params, name: found.name } };
}

function resolveUri(params: JsonObject, route: Route, servers: readonly string[]): ResolvedTarget {
  const uri = textMember(params, 'uri');
  const found = splitUri(uri, route, servers);
  if (found === undefined) return unknownTarget(uri, params);
  return { target: { kind: 'resource', ...found }, params: { ...params, uri: found.name } };
}

/** `completion/complete` names a prompt or a resource template in `params.ref`. */
function resolveReference(params: JsonObject, route: Route, servers: readonly string[]): ResolvedTarget {
  const ref = params['ref'];
  if (!isObject(ref)) throw new GuardError('invalid_params', { message: 'params.ref must be an object.' });
  const isPrompt = ref['type'] === 'ref/prompt';
  const member = isPrompt ? 'name' : 'uri';
  const name = textMember(ref, member);
  const found = isPrompt ? splitName(name, route, servers) : splitUri(name, route, servers);
  if (found === undefined) return unknownTarget(name, params);
  return {
    target: { kind: isPrompt ? 'prompt' : 'resource_template', ...found },
    params: { ...params, ref: { ...ref, [member]: found.name } },
  };
}

/** The gateway gives out task ids as `server.<sealed id>`. */
function resolveTask(params: JsonObject, { server }: Route, servers: readonly string[]): ResolvedTarget {
  const id = textMember(params, 'taskId');
  const owner = id.slice(0, Math.max(0, id.indexOf('.')));
  if (!servers.includes(owner) || (server !== undefined && server !== owner)) return unknownTarget(id, params);
  return { target: { kind: 'task', server: owner, name: id }, params };
}

/** `server__name` splits at the first separator: server names have no underscore, so there is one way to read it. */
function splitName(name: string, { server }: Route, servers: readonly string[]): ServerName | undefined {
  if (server !== undefined) return servers.includes(server) ? { server, name } : undefined;
  const at = name.indexOf(SEPARATOR);
  const prefix = name.slice(0, Math.max(0, at));
  return servers.includes(prefix) ? { server: prefix, name: name.slice(at + SEPARATOR.length) } : undefined;
}

/** `server+scheme:rest`; MCP Apps look for `ui://`, so for these the server stands behind it: `ui://server__rest`. */
export function splitUri(uri: string, { server }: Route, servers: readonly string[]): ServerName | undefined {
  if (server !== undefined) return servers.includes(server) ? { server, name: uri } : undefined;
  const [, appServer, rest] = /^ui:\/\/([a-z0-9-]+)__(.*)$/s.exec(uri) ?? [];
  if (appServer !== undefined)
    return servers.includes(appServer) ? { server: appServer, name: `ui://${rest}` } : undefined;
  const plus = uri.indexOf('+');
  const prefix = uri.slice(0, Math.max(0, plus));
  const name = uri.slice(plus + 1);
  // Each resource has one spelling: `server+ui://rest` is not a second one.
  return servers.includes(prefix) && !name.startsWith('ui://') ? { server: prefix, name } : undefined;
}

/** A pinned definition as an endpoint lists it: on `/mcp` under the client's name for it. */
export function listedDefinition(definition: Definition, route: Route): JsonObject {
  const { document, server, kind, name } = definition;
  if (route.server !== undefined || kind === 'server') return document;
  const shownName = kind === 'tool' || kind === 'prompt' ? clientName(server, name) : clientUri(server, name);
  const meta = rewriteMeta(document['_meta'], server);
  return { ...document, [LISTS[kind].identifier]: shownName, ...(meta !== undefined && { _meta: meta }) };
}
