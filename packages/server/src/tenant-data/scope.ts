/**
 * Puts the tenant into a query after it was written: each table that is read becomes the rows of the tenant, wherever
 * it stands, and each change is of those rows only. What cannot be judged is refused.
 */
import {
  AndNode,
  AliasNode,
  ColumnNode,
  IdentifierNode,
  LimitNode,
  OperationNodeTransformer,
  ParensNode,
  PrimitiveValueListNode,
  ReferenceNode,
  SelectQueryNode,
  TableNode,
  ValueListNode,
  ValueNode,
  ValuesNode,
  WhereNode,
  type ColumnUpdateNode,
  type DeleteQueryNode,
  type FromNode,
  type FunctionNode,
  type InsertQueryNode,
  type JoinNode,
  type Kysely,
  type OnConflictNode,
  type OperationNode,
  type QueryId,
  type RawNode,
  type UpdateQueryNode,
  type UsingNode,
} from 'kysely';
import type { CallContext } from '../call-context.ts';
import { ToolError } from '../errors.ts';
import { isManager, type AnyRule } from './rules.ts';

/** What a scope needs to know of a database. */
export interface ScopeSettings {
  readonly rules: ReadonlyMap<string, AnyRule>;
  readonly ownerOf: (context: CallContext) => string;
  /** Makes nodes; nothing is run with it. */
  readonly plain: Kysely<Record<string, Record<string, unknown>>>;
}

/** Parts of queries in which a table could stand that nobody looks at, or that take rows of others away. */
const REFUSED: ReadonlySet<string> = new Set([
  'WithNode',
  'MergeQueryNode',
  'OnDuplicateKeyNode',
  'OrActionNode',
  'ExplainNode',
  'TopNode',
  'OutputNode',
]);
const ROOTS: ReadonlySet<string> = new Set([
  'SelectQueryNode',
  'InsertQueryNode',
  'UpdateQueryNode',
  'DeleteQueryNode',
]);
/** The texts that the query builder itself writes. */
const RAW = /^(asc|desc)$/;
/** Functions that run a text as a query, or reach what is outside of the tables. */
const FUNCTIONS =
  /^(set_config|(query|cursor|table|schema|database)_to_xml|dblink|lo_|pg_|load_extension|readfile|writefile|ts_stat)/i;

const ownLimits = new WeakSet<LimitNode>();

/** The query with a limit of the library, when it has none. */
export function withOwnLimit<T extends OperationNode>(node: T, rows: number): T {
  if (!SelectQueryNode.is(node) || node.limit !== undefined || node.fetch !== undefined) return node;
  const limit = LimitNode.create(ValueNode.create(rows));
  ownLimits.add(limit);
  return SelectQueryNode.cloneWithLimit(node, limit) as OperationNode as T;
}

/** One query of one call. A class, because the query builder has its nodes visited by one. */
export class TenantScope extends OperationNodeTransformer {
  readonly #settings: ScopeSettings;
  readonly #context: CallContext;

  constructor(settings: ScopeSettings, context: CallContext) {
    super();
    this.#settings = settings;
    this.#context = context;
  }

  /** @throws TypeError for a query that cannot be given a tenant. */
  scoped<T extends OperationNode>(node: T): T {
    if (!ROOTS.has(node.kind)) throw new TypeError('only select, insert, update and delete are made for a tenant');
    return this.transformNode(node);
  }

  protected override transformNodeImpl<T extends OperationNode>(node: T, queryId?: QueryId): T {
    if (REFUSED.has(node.kind))
      throw new TypeError(`a query for a tenant has no ${node.kind.replace(/(Query)?Node$/, '')}`);
    return super.transformNodeImpl(node, queryId);
  }

  protected override transformRaw(node: RawNode): RawNode {
    if (node.parameters.length === 0 && node.sqlFragments.every((text) => RAW.test(text))) return node;
    throw new TypeError('a query for a tenant has no raw SQL: a table could stand in it');
  }

  protected override transformFunction(node: FunctionNode, queryId?: QueryId): FunctionNode {
    if (FUNCTIONS.test(node.func)) throw new TypeError(`a query for a tenant does not call ${node.func}`);
    return super.transformFunction(node, queryId);
  }

  protected override transformSelectQuery(node: SelectQueryNode, queryId?: QueryId): SelectQueryNode {
    // A query that became a part of another one has its own limit no more.
    if (node.limit === undefined || !ownLimits.has(node.limit)) return super.transformSelectQuery(node, queryId);
    return super.transformSelectQuery(SelectQueryNode.cloneWithoutLimit(node), queryId);
  }

  protected override transformFrom(node: FromNode, queryId?: QueryId): FromNode {
    return { ...node, froms: node.froms.map((item) => this.#source(item, queryId)) };
  }

  protected override transformUsing(node: UsingNode, queryId?: QueryId): UsingNode {
    return { ...node, tables: node.tables.map((item) => this.#source(item, queryId)) };
  }

  protected override transformJoin(node: JoinNode, queryId?: QueryId): JoinNode {
    return {
      ...super.transformJoin({ ...node, table: ValueNode.create(null) }, queryId),
      table: this.#source(node.table, queryId),
    };
  }

  protected override transformDeleteQuery(node: DeleteQueryNode, queryId?: QueryId): DeleteQueryNode {
    const [target] = node.from.froms;
    const name = nameOf(node.from.froms.length === 1 ? target : undefined);
    const changed = super.transformDeleteQuery({ ...node, from: { ...node.from, froms: [] } }, queryId);
    return { ...changed, from: node.from, where: this.#ownRows(name, changed.where) };
  }

  protected override transformUpdateQuery(node: UpdateQueryNode, queryId?: QueryId): UpdateQueryNode {
    const name = nameOf(node.table);
    this.#checkUpdates(name, node.updates);
    const changed = super.transformUpdateQuery(node, queryId);
    return { ...changed, where: this.#ownRows(name, changed.where) };
  }

  protected override transformInsertQuery(node: InsertQueryNode, queryId?: QueryId): InsertQueryNode {
    const name = nameOf(node.into);
    const { tenant, owner, managers } = this.#changeableRule(name);
    if (node.replace === true) throw new TypeError('a query for a tenant replaces no rows: use onConflict');
    const changed = super.transformInsertQuery(node, queryId);
    const columns = changed.columns ?? [];
    const names = columns.map(({ column }) => column.name);
    if (names.includes(tenant)) throw new TypeError(`the tenant is never inserted by a query: leave ${tenant} out`);
    if (changed.values === undefined || !ValuesNode.is(changed.values))
      throw new TypeError('a query for a tenant inserts values only');
    const added: (readonly [column: string, value: string])[] = [[tenant, this.#context.tenant.id]];
    const self = this.#settings.ownerOf(this.#context);
    if (owner !== undefined && !names.includes(owner)) added.push([owner, self]);
    const ownerAt =
      owner === undefined || isManager({ managers: managers ?? [] }, this.#context) ? -1 : names.indexOf(owner);
    return {
      ...changed,
      columns: [...columns, ...added.map(([column]) => ColumnNode.create(column))],
      values: ValuesNode.create(changed.values.values.map((row) => withValues(row, added, ownerAt, self))),
      ...(changed.onConflict && { onConflict: this.#ownConflicts(name, changed.onConflict) }),
    };
  }

  /** A row that is in the way may be of another tenant: only own ones are changed. */
  #ownConflicts(name: string, node: OnConflictNode): OnConflictNode {
    if (node.updates === undefined) return node;
    this.#checkUpdates(name, node.updates);
    return { ...node, updateWhere: this.#ownRows(name, node.updateWhere) };
  }

  #checkUpdates(name: string, updates: readonly ColumnUpdateNode[] | undefined): void {
    const { tenant, owner, managers } = this.#changeableRule(name);
    for (const { column, value } of updates ?? []) {
      const updated = columnOf(column);
      if (updated === undefined || updated === tenant) throw new TypeError('the tenant is never changed by a query');
      if (updated !== owner || isManager({ managers: managers ?? [] }, this.#context)) continue;
      const isSelf = ValueNode.is(value) && value.value === this.#settings.ownerOf(this.#context);
      if (!isSelf) throw notOwner();
    }
  }

  #ownRows(name: string, where: WhereNode | undefined): WhereNode {
    const own = this.#rowsOf(name, 'write').where as WhereNode;
    return where === undefined ? own : WhereNode.create(AndNode.create(ParensNode.create(where.where), own.where));
  }

  /** What stands in a `from`, a join or a `using`: the rows of the tenant under the name of the table. */
  #source(node: OperationNode, queryId: QueryId | undefined): OperationNode {
    if (TableNode.is(node)) return this.#derived(node, IdentifierNode.create(nameOf(node)));
    if (!AliasNode.is(node)) throw new TypeError('a query for a tenant reads tables and queries with a name');
    if (TableNode.is(node.node)) return this.#derived(node.node, node.alias);
    if (SelectQueryNode.is(node.node)) return this.transformNode(node, queryId);
    throw new TypeError('a query for a tenant reads tables and queries only');
  }

  #derived(table: TableNode, alias: OperationNode): OperationNode {
    const name = nameOf(table);
    const rule = this.#rule(name);
    const rows = rule === 'shared' ? this.#settings.plain.selectFrom(name).selectAll().toOperationNode() : undefined;
    return AliasNode.create(rows ?? this.#rowsOf(name, 'read'), alias);
  }

  #rowsOf(name: string, access: 'read' | 'write'): SelectQueryNode {
    const { tenant, owner, read = 'tenant', managers = [] } = this.#changeableRule(name);
    const rows = this.#settings.plain
      .selectFrom(name)
      .selectAll()
      .where(`${name}.${tenant}`, '=', this.#context.tenant.id);
    const isOpen =
      owner === undefined || isManager({ managers }, this.#context) || (access === 'read' && read === 'tenant');
    const self = this.#settings.ownerOf(this.#context);
    return (isOpen ? rows : rows.where(`${name}.${owner}`, '=', self)).toOperationNode();
  }

  #rule(name: string): AnyRule {
    const rule = this.#settings.rules.get(name);
    if (rule === undefined) throw new TypeError(`there is no rule for the table ${name}`);
    return rule;
  }

  #changeableRule(name: string): Exclude<AnyRule, 'shared'> {
    const rule = this.#rule(name);
    if (rule === 'shared') throw new TypeError(`${name} is shared by all tenants, and is not changed for one`);
    return rule;
  }
}

/** The name of a table without a schema and without another name. */
function nameOf(node: OperationNode | undefined): string {
  if (node === undefined || !TableNode.is(node))
    throw new TypeError('a change for a tenant is of one table, by its own name');
  const { schema, identifier } = node.table;
  if (schema !== undefined) throw new TypeError('a table is named without its schema');
  return identifier.name;
}

function columnOf(node: OperationNode): string | undefined {
  if (ColumnNode.is(node)) return node.column.name;
  return ReferenceNode.is(node) ? columnOf(node.column) : undefined;
}

type Row = ValuesNode['values'][number];

function withValues(row: Row, added: readonly (readonly [string, string])[], ownerAt: number, self: string): Row {
  const values = added.map(([, value]) => value);
  if (PrimitiveValueListNode.is(row)) {
    if (ownerAt !== -1 && row.values[ownerAt] !== self) throw notOwner();
    return PrimitiveValueListNode.create([...row.values, ...values]);
  }
  const owner = row.values[ownerAt];
  if (ownerAt !== -1 && !(owner !== undefined && ValueNode.is(owner) && owner.value === self)) throw notOwner();
  return ValueListNode.create([...row.values, ...values.map((value) => ValueNode.create(value))]);
}

const notOwner = (): ToolError =>
  new ToolError('PERMISSION_DENIED', 'Only a manager may make somebody else the owner.');
