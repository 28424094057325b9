/**
 * Stage 3: may the caller know about it? A hidden definition gets the same answer as one that does not exist.
 */
import type { Definition, Target } from '../../call.ts';
import { GuardError } from '../../errors.ts';
import type { Stages, Identity } from '../../guard.ts';
import type { Catalog, PolicyEngine, TaskDirectory } from '../../ports.ts';
import { requireNormalUri } from './normal-uri.ts';
import { toolOfTask } from './task.ts';

/** What the visible stage works with. */
export interface VisibleDeps {
  readonly catalog: Catalog;
  readonly tasks: TaskDirectory;
  /** Read for every call. */
  readonly policy: () => PolicyEngine;
  /** Tools of a server that the configuration allows; `undefined` = all that are pinned. */
  readonly allowTools: (server: string) => readonly string[] | undefined;
}

/** Lists are the same for every origin: no policy may hide a tool by address or session. */
const ANY_CALL = {
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

/**
 * The decision that lists and calls share: could any arguments be allowed?
 *
 * @example
 * ```ts
 * const mayListWith = (engine: PolicyEngine): ((identity: Identity, definition: Definition) => boolean) =>
 *   createMayList({ policy: () => engine, allowTools: () => undefined });
 * ```
 */
export function createMayList({
  policy,
  allowTools,
}: Omit<VisibleDeps, 'catalog' | 'tasks'>): (identity: Identity, definition: Definition) => boolean {
  return ({ principal, tenant }, definition) => {
    if (definition.kind === 'tool' && allowTools(definition.server)?.includes(definition.name) === false) return false;
    return policy().couldAllow({ principal, tenant, action: 'see', definition, input: undefined, call: ANY_CALL });
  };
}

/** The other kinds have no definition to look up. */
const DEFINED = new Set<Target['kind']>(['tool', 'prompt', 'resource', 'resource_template', 'unknown']);

/**
 * The visible stage.
 *
 * @example
 * ```ts
 * const visibleWith = (catalog: Catalog, engine: PolicyEngine): Stages['visible'] =>
 *   createVisible({ catalog, tasks: { find: () => undefined }, policy: () => engine, allowTools: () => undefined });
 * ```
 */
export function createVisible(deps: VisibleDeps): Stages['visible'] {
  const mayList = createMayList(deps);
  return (identity, call, row) => {
    if (call.target.kind === 'task') return toolOfTask(deps, mayList, identity, call.target);
    if (row.target === undefined || !DEFINED.has(call.target.kind)) return undefined;
    if (call.target.kind === 'resource') requireNormalUri(call.target.name);
    const definition = deps.catalog.find(call.target);
    if (definition === undefined || !mayList(identity, definition)) throw new GuardError('not_found');
    return definition;
  };
}
