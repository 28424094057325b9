import type { Grant, PolicyEngine, PolicyRequest } from '@sallyport/guard';
import type { Tool } from './tool.ts';

/** The roles of tools as a policy engine: default deny, and the same decision for list and call. */
export function rolesPolicy(tools: ReadonlyMap<string, Tool>): PolicyEngine {
  const allowed = ({ principal, definition }: PolicyRequest): boolean => {
    const roles = tools.get(definition.name)?.roles;
    return roles === 'everyone' || (roles?.some((role) => principal.user.roles.includes(role)) ?? false);
  };
  const grant: Grant = { policies: ['roles'], revision: 'roles', cacheable: true };
  return {
    revision: 'roles',
    couldAllow: allowed,
    decide: (request) => (allowed(request) ? { effect: 'allow', grant } : { effect: 'deny', grant, error: undefined }),
  };
}
