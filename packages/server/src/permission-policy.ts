/** The permissions of the items as a policy engine: default deny, and the same decision for list and call. */
import type { Grant, PolicyEngine, PolicyRequest } from '@sallyport/guard';
import type { Item } from './item.ts';
import { holds, type Roles } from './permission.ts';
import type { ItemCatalog } from './serve/catalog.ts';

const REVISION = 'permissions';
/** Of these, the arguments are known when it is decided; all others ask only whether something could be allowed. */
const DECIDED_BY_INPUT = new Set<PolicyRequest['action']>(['call', 'read', 'get', 'subscribe']);

/** @param roles which permissions each role has. */
export function permissionPolicy(catalog: ItemCatalog, roles: Roles): PolicyEngine {
  const couldAllow = ({ principal, definition }: PolicyRequest): boolean => {
    const permission = catalog.itemOf(definition)?.permission;
    if (permission === undefined) return false;
    const names = typeof permission === 'string' ? [permission] : permission.oneOf;
    return names.some((name) => holds(principal, name, roles));
  };
  return {
    revision: REVISION,
    couldAllow,
    decide(request) {
      const item = catalog.itemOf(request.definition);
      const grant = grantOf(item);
      if (item === undefined || !couldAllow(request)) return { effect: 'deny', grant, error: undefined };
      if (typeof item.permission === 'string' || !DECIDED_BY_INPUT.has(request.action))
        return { effect: 'allow', grant };
      try {
        const needed = neededFor(item, request);
        return holds(request.principal, needed, roles)
          ? { effect: 'allow', grant }
          : { effect: 'deny', grant, error: undefined };
      } catch (thrown) {
        return { effect: 'deny', grant, error: String(thrown) };
      }
    },
  };
}

/** @throws Error for input that the schema refuses, and for a permission that was not declared. */
function neededFor({ permission, inputOf }: Item, { input }: PolicyRequest): string {
  if (typeof permission === 'string') return permission;
  const needed = permission.of(inputOf?.(input ?? {}) as never);
  if (!permission.oneOf.includes(needed)) throw new Error(`the permission ${needed} is not one of oneOf`);
  return needed;
}

const grantOf = (item: Item | undefined): Grant => ({
  policies: item === undefined ? [] : namesOf(item.permission),
  revision: REVISION,
  cacheable: typeof item?.permission === 'string',
});

const namesOf = (permission: Item['permission']): readonly string[] =>
  typeof permission === 'string' ? [permission] : [...permission.oneOf].sort();
