/** Tenant-aware data: a query without the tenant cannot be written. */
export { tenantData, type TenantData, type TenantDataOptions, type TenantQueries } from './open.ts';
export type { TableRule, TableRules, TenantTables } from './rules.ts';
