/** Builds the snapshot from a configuration that passed the schema, and checks what its parts mean together. */
import { createHash } from 'node:crypto';
import { statSync } from 'node:fs';
import { resolve } from 'node:path';
import { isLoopback, type JsonObject } from '@sallyport/guard';
import type { Snapshot } from '../snapshot.ts';
import { buildIdentity } from './identity.ts';
import { buildApprovals } from './approvals.ts';
import { buildControl } from './control.ts';
import { buildDatabase } from './database.ts';
import { buildAdmin, buildGateway } from './listeners.ts';
import type { ConfigInput } from './input.ts';
import { buildServers } from './servers.ts';
import { unknownServer } from './suggest.ts';

/**
 * Builds a frozen snapshot. Errors and weakenings go to `input.report`.
 *
 * @param text the configuration file; the version of the snapshot is its hash.
 * @param written what the text says, before defaults and units are applied.
 */
export function buildSnapshot(input: ConfigInput, text: string, written: JsonObject): Snapshot {
  const { config, folder } = input;
  const dataFolder = resolve(folder, config.data);
  const gateway = buildGateway(input);
  const admin = buildAdmin(input);
  const identity = buildIdentity(input);
  const servers = buildServers(input);
  checkTenants(input);
  checkLimits(input);
  checkAudit(input);
  checkDemo(input, gateway.listen.host);
  if (
    gateway.listen.port !== 0 &&
    gateway.listen.port === admin.listen.port &&
    gateway.listen.host === admin.listen.host
  ) {
    input.report.error(['admin', 'listen'], 'is the address of the gateway listener');
  }
  return deepFreeze({
    version: versionOf(text, servers),
    gateway,
    admin,
    dataFolder,
    database: buildDatabase(input),
    tenants: config.tenants,
    identity,
    servers,
    policies: { cedar: policyFolder(input) },
    limits: withUserLimit(config.limits, config.gateway.userLimit),
    refusalsPerMinute: config.gateway.refusalLimit,
    approvals: buildApprovals(input, admin.publicUrl),
    control: buildControl(input),
    audit: {
      folder: config.audit.folder === undefined ? resolve(dataFolder, 'audit') : resolve(folder, config.audit.folder),
      origin: config.audit.origin,
      clearArguments: config.audit.clearArguments,
      segmentBytes: config.audit.segment,
    },
    shutdown: { graceMs: config.shutdown.grace },
    log: config.log,
    demo: config.demo,
    weakenings: [...input.report.weakenings],
    written,
  });
}

/** Of the text and of the documents that it names: a changed document is another version. */
function versionOf(text: string, servers: Snapshot['servers']): string {
  const hash = createHash('sha256').update(text);
  for (const { transport } of servers) if (transport.kind === 'openapi') hash.update(JSON.stringify(transport.tools));
  return `sha256:${hash.digest('hex')}`;
}

function deepFreeze<T>(value: T): T {
  if (typeof value === 'object' && value !== null && !Object.isFrozen(value)) {
    Object.freeze(value);
    for (const part of Object.values(value)) deepFreeze(part);
  }
  return value;
}

function checkTenants(input: ConfigInput): void {
  const seen = new Map<string, string>();
  for (const [index, tenant] of input.config.tenants.entries()) {
    // Two ids that differ in case only would share a folder on some file systems.
    const other = seen.get(tenant.toLowerCase());
    if (other !== undefined)
      input.report.error(
        ['tenants', index],
        other === tenant ? 'is listed twice' : `differs from ${other} in case only`,
      );
    seen.set(tenant.toLowerCase(), tenant);
  }
}

function policyFolder(input: ConfigInput): string | undefined {
  const { cedar } = input.config.policies;
  if (cedar === undefined) return undefined;
  const folder = resolve(input.folder, cedar);
  if (statSync(folder, { throwIfNoEntry: false })?.isDirectory() !== true)
    input.report.error(['policies', 'cedar'], 'is not a folder');
  return folder;
}

/**
 * B8: a tier whose limits all count calls of one tool leaves everything else unlimited: tasks, lists, `initialize`. One
 * that counts each client id leaves a user unlimited who has many. It gets a limit for each user on all that reaches a
 * server.
 */
function withUserLimit(limits: Snapshot['limits'], perMinute: number): Snapshot['limits'] {
  const userLimit = { limit: perMinute, periodMs: 60_000, per: ['user'] } as const;
  const tiers = Object.entries(limits).map(([tier, settings]) => {
    const limitsNoUser = settings.every(({ per }) => per.includes('tool') || per.includes('agent'));
    return [tier, limitsNoUser ? [...settings, userLimit] : settings] as const;
  });
  return Object.fromEntries(tiers);
}

function checkLimits(input: ConfigInput): void {
  const { limits } = input.config;
  if (limits['default'] === undefined) input.report.error(['limits'], 'must have a "default" tier');
}

function checkAudit(input: ConfigInput): void {
  const names = Object.keys(input.config.servers);
  for (const [index, pattern] of input.config.audit.clearArguments.entries()) {
    const [server = '', , field = ''] = pattern.split('/');
    if (server !== '*' && !names.includes(server))
      input.report.error(['audit', 'clearArguments', index], unknownServer(server, names));
    if (field.startsWith('*'))
      input.report.weaken(`audit: every argument that matches ${pattern} is recorded in clear`);
  }
}

function checkDemo(input: ConfigInput, host: string): void {
  if (!input.config.demo) return;
  input.report.weaken('demo: the built-in authorization server with demo users is on');
  if (!isLoopback(host)) input.report.error(['demo'], 'works on loopback only');
}
