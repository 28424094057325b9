/** The key `control` of the configuration: who may use the control API, and through which clients. */
import type { ControlSettings, RoleBinding } from '../snapshot.ts';
import type { ConfigInput } from './input.ts';
import { closest } from './suggest.ts';

/** The settings of the control API; errors go to the report. */
export function buildControl(input: ConfigInput): ControlSettings {
  const { roles, clients } = input.config.control;
  return {
    roles: roles.map(({ role, to, tenants }, index): RoleBinding => {
      for (const [position, name] of (Array.isArray(tenants) ? tenants : []).entries()) {
        if (input.config.tenants.includes(name)) continue;
        const suggestion = closest(name, input.config.tenants);
        const question = suggestion === undefined ? '' : `; did you mean "${suggestion}"?`;
        input.report.error(['control', 'roles', index, 'tenants', position], `no such tenant${question}`);
      }
      return { role, to, tenants };
    }),
    clients,
  };
}
