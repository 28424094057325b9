/** The table of routes: which of them a path and a method mean. */
import type { EndpointMethod } from '../endpoint.ts';
import { ROLES } from './access.ts';
import type { ApiRoute } from './route.ts';

/** All routes of one path. */
interface PathEntry<Deps> {
  readonly template: string;
  readonly pattern: RegExp;
  readonly names: readonly string[];
  readonly methods: Map<EndpointMethod, ApiRoute<Deps>>;
}

/** What a request means. */
export type Found<Deps> =
  | { readonly route: ApiRoute<Deps>; readonly params: Readonly<Record<string, string>> }
  | { readonly allow: string }
  | undefined;

/** Finds routes. A path that is not in the table does not exist. */
export type RouteTable<Deps> = (method: string, path: string) => Found<Deps>;

const ACCESS: ReadonlySet<string> = new Set(['none', 'person', ...ROLES]);

/** @throws Error for a route that says not who may use it (A14), or that another one hides. */
export function createTable<Deps>(routes: readonly ApiRoute<Deps>[]): RouteTable<Deps> {
  const entries = new Map<string, PathEntry<Deps>>();
  for (const route of routes) {
    if (!ACCESS.has(route.access)) throw new Error(`${route.method} ${route.path} does not say who may use it`);
    const entry = entries.get(patternOf(route.path).source) ?? entryOf(route.path);
    if (entry.template !== route.path || entry.methods.has(route.method))
      throw new Error(`${route.method} ${route.path} is in the table already, as ${entry.template}`);
    entry.methods.set(route.method, route);
    entries.set(entry.pattern.source, entry);
  }
  const sorted = [...entries.values()].sort((a, b) => byPrecedence(a.template, b.template));
  return (method, path) => {
    for (const { pattern, names, methods } of sorted) {
      const match = pattern.exec(path);
      if (match === null) continue;
      const route = methods.get((method === 'HEAD' ? 'GET' : method) as EndpointMethod);
      if (route === undefined) return { allow: allowOf([...methods.keys()]) };
      const values = match.slice(1).map(decoded);
      if (values.includes(undefined)) return undefined;
      return { route, params: Object.fromEntries(names.map((name, index) => [name, values[index] ?? ''])) };
    }
    return undefined;
  };
}

const VARIABLE = /^\{([a-z_]+)\}$/;

const entryOf = <Deps>(template: string): PathEntry<Deps> => ({
  template,
  pattern: patternOf(template),
  names: template.split('/').flatMap((segment) => VARIABLE.exec(segment)?.[1] ?? []),
  methods: new Map(),
});

const patternOf = (template: string): RegExp =>
  new RegExp(
    `^${template
      .split('/')
      .map((segment) => (VARIABLE.test(segment) ? '([^/]+)' : segment.replaceAll('.', String.raw`\.`)))
      .join('/')}$`,
  );

/** A fixed segment comes before a variable one, wherever the routes stand in the list. */
function byPrecedence(a: string, b: string): number {
  const mask = (template: string): string => template.replaceAll(/\{[a-z_]+\}/g, '\u{10ffff}');
  return mask(a) < mask(b) ? -1 : 1;
}

/** One segment, decoded once; `undefined` when it is no percent-encoded UTF-8. */
function decoded(segment: string): string | undefined {
  try {
    return decodeURIComponent(segment);
  } catch {
    return undefined;
  }
}

const allowOf = (methods: readonly EndpointMethod[]): string =>
  methods.flatMap((method) => (method === 'GET' ? ['GET', 'HEAD'] : [method])).join(', ');
