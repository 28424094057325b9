/** Stage 3: may they know of it? What is hidden is answered exactly as what does not exist. */
import type { Definition, Target } from '../../call.ts';
import { GuardError } from '../../errors.ts';
import type { Stages, Identity } from '../../guard.ts';
import type { Catalog, PolicyEngine } from '../../ports.ts';

export interface VisibleDeps {
  readonly catalog: Catalog;
  readonly policy: () => PolicyEngine;
  /** Tools that the configuration lets exist; `undefined` = all that are approved. */
  readonly allowTools: (server: string) => readonly string[] | undefined;
}

const EMBEDDED = {
  session: undefined,
  origin: {
    transport: 'embedded',
    era: 'modern',
    protocolVersion: '',
    address: '',
    correlationId: '',
    traceparent: undefined,
    clientInfo: undefined,
  },
} as const;

/** The decision that lists and calls share: some arguments could be allowed. */
export function createMayList({
  policy,
  allowTools,
}: Omit<VisibleDeps, 'catalog'>): (who: Identity, definition: Definition) => boolean {
  return ({ principal, tenant }, definition) => {
    if (definition.kind === 'tool' && allowTools(definition.server)?.includes(definition.name) === false) return false;
    return policy().couldAllow({ principal, tenant, action: 'see', definition, input: undefined, call: EMBEDDED });
  };
}

const NAMED = new Set<Target['kind']>(['tool', 'prompt', 'resource', 'resource_template', 'unknown']);

export function createVisible(deps: VisibleDeps): Stages['visible'] {
  const mayList = createMayList(deps);
  return (who, call, row) => {
    if (row.target === undefined || !NAMED.has(call.target.kind)) return undefined;
    const definition = deps.catalog.find(call.target);
    if (definition === undefined || !mayList(who, definition)) throw new GuardError('not_found');
    return definition;
  };
}
