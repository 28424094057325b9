/** Which column of a table holds the tenant, which the owner, and who else may change a row. */
import type { ColumnType } from 'kysely';
import type { CallContext } from '../call-context.ts';

/**
 * The rule of a table.
 *
 * @example
 * ```ts
 * const documents: TableRule<{ tenant_id: string; owner: string }> = {
 *   tenant: 'tenant_id', owner: 'owner', managers: ['manager'],
 * };
 * ```
 */
export interface TableRule<Row> {
  /** The column with the id of the tenant. */
  readonly tenant: keyof Row & string;
  /**
   * The column with the user who owns the row, as `ownerOf` names users. Without it, the whole tenant may change it.
   */
  readonly owner?: keyof Row & string;
  /** Who may read: the whole tenant when absent, or the owner and managers only. Changes are always theirs only. */
  readonly read?: 'tenant' | 'owner';
  /** Roles that stand above owners. */
  readonly managers?: readonly string[];
}

/** A rule for each table. What is `shared` is the same for all tenants, and is only read. */
export type TableRules<DB> = { readonly [Table in keyof DB]: TableRule<DB[Table]> | 'shared' };

/** The tables without what the library writes: the tenant is never inserted or changed by a query. */
export type TenantTables<DB, Rules> = {
  [Table in keyof DB]: Table extends keyof Rules
    ? Rules[Table] extends { readonly tenant: infer Tenant; readonly owner?: infer Owner }
      ? { [Column in keyof DB[Table]]: OfLibrary<DB[Table][Column], Column, Tenant, Owner> }
      : DB[Table]
    : never;
};

type OfLibrary<Type, Column, Tenant, Owner> = Column extends Tenant
  ? ColumnType<Selected<Type>, never, never>
  : Column extends Owner
    ? ColumnType<Selected<Type>, Selected<Type> | undefined, Selected<Type>>
    : Type;

type Selected<Type> = Type extends ColumnType<infer Select, infer _Insert, infer _Update> ? Select : Type;

/** A rule at run time. */
export type AnyRule = TableRule<Readonly<Record<string, unknown>>> | 'shared';

/** Whether the caller stands above owners. */
export const isManager = (
  { managers = [] }: { readonly managers?: readonly string[] },
  { principal }: CallContext,
): boolean => managers.some((role) => principal.user.roles.includes(role));
