/**
 * What the role of the connections may do, looked at when the database is opened. A role that can pass by row-level
 * security would make every promise on tenants empty, and one that is a superuser can read files and run programs.
 */
import type { PostgresPool, QueryResult } from './connection.ts';

/** What is wrong with the role or the tables; empty when nothing is. */
export type Findings = readonly string[];

/** Roles that reach files, programs or all data of the server. */
const STRONG_ROLES = [
  'pg_read_server_files',
  'pg_write_server_files',
  'pg_execute_server_program',
  'pg_signal_backend',
];

/** A role that the connection has or can become. */
const ROLES = `
select r.rolname, r.rolsuper, r.rolbypassrls, r.rolcreaterole, r.rolreplication, r.rolname = any($1)
from pg_roles r
where r.rolname in (current_user, session_user) or pg_has_role(session_user, r.oid, 'MEMBER')`;

/** @returns why the role is too strong to be used for tools. */
export async function roleFindings(pool: PostgresPool): Promise<Findings> {
  const { rows } = await ask(pool, ROLES, [STRONG_ROLES]);
  return rows.flatMap(([name, isSuperuser, bypasses, createsRoles, replicates, isStrong]) => {
    const reasons = [
      isSuperuser === true && 'is a superuser, who passes by row-level security and reads files of the server',
      bypasses === true && 'has BYPASSRLS',
      createsRoles === true && 'has CREATEROLE',
      replicates === true && 'has REPLICATION',
      isStrong === true && 'reaches files, programs or other sessions of the server',
    ].filter((reason) => reason !== false);
    return reasons.slice(0, 1).map((reason) => `role ${String(name)} ${reason}`);
  });
}

/** The role may use the relation `c`, in whichever way. */
const USABLE = `n.nspname <> 'information_schema' and n.nspname !~ '^pg_' and has_schema_privilege(n.oid, 'USAGE')`;

/**
 * Relations whose rows the role may reach. A view reads with the rights of its owner unless it says otherwise; a
 * materialized view and a foreign table have no policies at all.
 */
const RELATIONS = `
select n.nspname || '.' || c.relname,
  c.relkind::text,
  c.relrowsecurity,
  pg_has_role(c.relowner, 'USAGE') and not c.relforcerowsecurity,
  coalesce(c.reloptions::text[] && array['security_invoker=true', 'security_invoker=on', 'security_invoker=1'], false),
  not exists (select from pg_policy p where p.polrelid = c.oid and not p.polpermissive and p.polcmd = '*'
      and 0 = any(p.polroles) and position($1 in coalesce(pg_get_expr(p.polqual, p.polrelid), '')) > 0)
    and exists (select from pg_policy p where p.polrelid = c.oid and p.polpermissive
      and exists (select from unnest(p.polroles) r(id)
        where case when r.id = 0 then true else pg_has_role(r.id, 'USAGE') end)
      and (position($1 in coalesce(pg_get_expr(p.polqual, p.polrelid), $1)) = 0
        or position($1 in coalesce(pg_get_expr(p.polwithcheck, p.polrelid), $1)) = 0))
from pg_class c join pg_namespace n on n.oid = c.relnamespace
where c.relkind in ('r', 'p', 'v', 'm', 'f') and ${USABLE}
  and (has_table_privilege(c.oid, 'SELECT, INSERT, UPDATE, DELETE, TRUNCATE')
    or has_any_column_privilege(c.oid, 'SELECT, INSERT, UPDATE'))`;

/** Functions that read with other rights than those of the role, or outside of the database. */
const FUNCTIONS = `
select n.nspname || '.' || f.proname, f.prosecdef
from pg_proc f
  join pg_namespace n on n.oid = f.pronamespace
  join pg_language l on l.oid = f.prolang
  left join pg_depend d on d.classid = 'pg_proc'::regclass and d.objid = f.oid and d.deptype = 'e'
  left join pg_extension e on e.oid = d.refobjid
where ${USABLE} and has_function_privilege(f.oid, 'EXECUTE')
  and (f.prosecdef or e.extname = 'dblink' or (not l.lanpltrusted and l.lanname not in ('internal', 'c')))`;

/**
 * @param setting that policies read, such as `app.tenant`.
 * @param shared relations and functions, with their schema, that are the same for all tenants.
 * @returns what the role can reach without a policy that looks at the tenant.
 */
export async function tenancyFindings(
  pool: PostgresPool,
  setting: string,
  shared: ReadonlySet<string>,
): Promise<Findings> {
  const relations = await ask(pool, RELATIONS, [`current_setting('${setting}'`]);
  const functions = await ask(pool, FUNCTIONS, []);
  const found = [
    ...relations.rows.map(([name, ...facts]) => ({ name: String(name), why: relationFault(facts, setting) })),
    ...functions.rows.map(([name, isDefiner]) => ({
      name: String(name),
      why:
        isDefiner === true ? 'is a function with the rights of its owner' : 'is a function that reaches other systems',
    })),
  ];
  return found.flatMap(({ name, why }) => (why === undefined || shared.has(name) ? [] : [`${name} ${why}`]));
}

function relationFault(facts: readonly unknown[], setting: string): string | undefined {
  const [kind, isSecured, isOwned, isInvoker, isOpen] = facts;
  if (kind === 'm' || kind === 'f') return 'is a materialized view or foreign table, which has no policies';
  if (kind === 'v') return isInvoker === true ? undefined : 'is a view without security_invoker';
  if (isSecured !== true) return 'has no row-level security';
  if (isOwned === true) return 'belongs to the role and has no FORCE ROW LEVEL SECURITY';
  return isOpen === true ? `has a policy that does not read current_setting('${setting}')` : undefined;
}

async function ask(pool: PostgresPool, text: string, values: readonly unknown[]): Promise<QueryResult> {
  const connection = await pool.connect();
  try {
    return await connection.query({ text, values, rowMode: 'array', queryMode: 'extended' });
  } finally {
    connection.release(true);
  }
}
