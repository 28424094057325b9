/** Which servers an endpoint shows, and what a request is aimed at once its prefix is undone. */
import { GuardError, type Definition, type JsonObject, type Target } from '@sallyport/guard';
import { clientName, clientUri, SEPARATOR } from './spelling.ts';
import { rewriteMeta } from './rewrite-result.ts';

export { clientUri } from './spelling.ts';

/** `server` undefined = `/mcp`, all servers under `server__name`. */
export interface Route {
  readonly endpoint: string;
  readonly server: string | undefined;
}

export interface Aimed {
  readonly target: Target;
  /** Params in the server's own names. */
  readonly params: JsonObject;
}

/** @throws GuardError `invalid_params` when the member that names the target is missing. */
export function aim(method: string, params: JsonObject, route: Route, servers: readonly string[]): Aimed {
  const reader = READERS[method];
  if (reader !== undefined) return reader(params, route, servers);
  if (PER_SERVER.has(method)) return { target: { kind: 'servers', servers: inRoute(route, servers) }, params };
  return { target: { kind: 'gateway' }, params };
}

const PER_SERVER = new Set([
  'tools/list',
  'prompts/list',
  'resources/list',
  'resources/templates/list',
  'logging/setLevel',
  'subscriptions/listen',
  'stream/listen',
  'tasks/list',
  'notifications/roots/list_changed',
]);

export const inRoute = ({ server }: Route, servers: readonly string[]): readonly string[] =>
  server === undefined ? servers : servers.includes(server) ? [server] : [];

type Reader = (params: JsonObject, route: Route, servers: readonly string[]) => Aimed;

function text(params: JsonObject, member: string): string {
  const value = params[member];
  if (typeof value !== 'string' || value.length > 4_096)
    throw new GuardError('invalid_params', { message: `params.${member} must be a string.` });
  return value;
}

const unknown = (name: string, params: JsonObject): Aimed => ({ target: { kind: 'unknown', name }, params });

/** `server__name` splits at the first separator: server names have no underscore, so there is one way to read it. */
function splitName(
  name: string,
  { server }: Route,
  servers: readonly string[],
): { readonly server: string; readonly name: string } | undefined {
  if (server !== undefined) return servers.includes(server) ? { server, name } : undefined;
  const at = name.indexOf(SEPARATOR);
  const prefix = name.slice(0, Math.max(0, at));
  return servers.includes(prefix) ? { server: prefix, name: name.slice(at + SEPARATOR.length) } : undefined;
}

/** `server+scheme:rest`; MCP Apps look for `ui://`, so there the server leads the rest. */
export function splitUri(
  uri: string,
  { server }: Route,
  servers: readonly string[],
): { readonly server: string; readonly name: string } | undefined {
  if (server !== undefined) return servers.includes(server) ? { server, name: uri } : undefined;
  const app = /^ui:\/\/([a-z0-9-]+)__(.*)$/s.exec(uri);
  if (app !== null)
    return servers.includes(app[1] ?? '') ? { server: app[1] ?? '', name: `ui://${app[2]}` } : undefined;
  const plus = uri.indexOf('+');
  const prefix = uri.slice(0, Math.max(0, plus));
  const name = uri.slice(plus + 1);
  // One spelling for one resource: the other form of a `ui://` address is not a second one.
  return servers.includes(prefix) && !name.startsWith('ui://') ? { server: prefix, name } : undefined;
}

const named =
  (kind: 'tool' | 'prompt'): Reader =>
  (params, route, servers) => {
    const name = text(params, 'name');
    const found = splitName(name, route, servers);
    return found === undefined
      ? unknown(name, params)
      : { target: { kind, ...found }, params: { ...params, name: found.name } };
  };

const addressed: Reader = (params, route, servers) => {
  const uri = text(params, 'uri');
  const found = splitUri(uri, route, servers);
  return found === undefined
    ? unknown(uri, params)
    : { target: { kind: 'resource', ...found }, params: { ...params, uri: found.name } };
};

const referenced: Reader = (params, route, servers) => {
  const ref = params['ref'];
  if (typeof ref !== 'object' || ref === null || Array.isArray(ref))
    throw new GuardError('invalid_params', { message: 'params.ref must be an object.' });
  const object = ref as JsonObject;
  const isPrompt = object['type'] === 'ref/prompt';
  const member = isPrompt ? 'name' : 'uri';
  const name = text(object, member);
  const found = isPrompt ? splitName(name, route, servers) : splitUri(name, route, servers);
  if (found === undefined) return unknown(name, params);
  return {
    target: { kind: isPrompt ? 'prompt' : 'resource_template', ...found },
    params: { ...params, ref: { ...object, [member]: found.name } },
  };
};

/** Task ids are sealed upstream as `server.<opaque>`. */
const task: Reader = (params, { server }, servers) => {
  const id = text(params, 'taskId');
  const owner = id.slice(0, Math.max(0, id.indexOf('.')));
  if (!servers.includes(owner) || (server !== undefined && server !== owner)) return unknown(id, params);
  return { target: { kind: 'task', server: owner, name: id }, params };
};

const READERS: Readonly<Record<string, Reader>> = Object.assign(Object.create(null), {
  'tools/call': named('tool'),
  'prompts/get': named('prompt'),
  'resources/read': addressed,
  'resources/subscribe': addressed,
  'resources/unsubscribe': addressed,
  'subscriptions/resource': addressed,
  'completion/complete': referenced,
  'tasks/get': task,
  'tasks/result': task,
  'tasks/update': task,
  'tasks/cancel': task,
});

const MEMBER = {
  tool: 'name',
  prompt: 'name',
  resource: 'uri',
  resource_template: 'uriTemplate',
  server: 'name',
} as const;

/** A pinned definition as this endpoint lists it. */
export function listed(definition: Definition, route: Route): JsonObject {
  if (route.server !== undefined) return definition.document;
  const { document, server, kind } = definition;
  const member = MEMBER[kind];
  const shown =
    kind === 'tool' || kind === 'prompt' ? clientName(server, definition.name) : clientUri(server, definition.name);
  const meta = rewriteMeta(document['_meta'], server);
  return { ...document, [member]: shown, ...(meta !== undefined && { _meta: meta }) };
}
