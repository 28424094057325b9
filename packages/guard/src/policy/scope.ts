/** The scope of a policy: which principals, actions and resources it applies to. */
import { isIn } from './expression.ts';
import { namedEntity, setOf, type Entity } from './values.ts';

interface EntityJson {
  readonly type: string;
  readonly id: string;
}

/** One part of a scope in Cedar's JSON format. */
export interface ScopeJson {
  readonly op: 'All' | '==' | 'in' | 'is';
  readonly entity?: EntityJson;
  readonly entities?: readonly EntityJson[];
  readonly entity_type?: string;
  readonly in?: { readonly entity: EntityJson };
}

/** Whether an entity is in the scope. */
export type Scope = (entity: Entity) => boolean;

const named = ({ type, id }: EntityJson): Entity => namedEntity(type, id);

/** @throws Error for a template slot: templates are not loaded. */
export function compileScope(scope: ScopeJson): Scope {
  switch (scope.op) {
    case 'All':
      return () => true;
    case '==': {
      const { uid } = named(entityOf(scope.entity));
      return (entity) => entity.uid === uid;
    }
    case 'in': {
      const target = scope.entities === undefined ? named(entityOf(scope.entity)) : setOf(scope.entities.map(named));
      return (entity) => isIn(entity, target) === true;
    }
    case 'is': {
      const container = scope.in === undefined ? undefined : named(entityOf(scope.in.entity));
      return (entity) =>
        entity.type === scope.entity_type && (container === undefined || isIn(entity, container) === true);
    }
  }
}

function entityOf(entity: EntityJson | undefined): EntityJson {
  if (entity === undefined) throw new Error('policy templates are not supported');
  return entity;
}
