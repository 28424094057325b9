/** What was written and passed the schema → a Snapshot, with what its parts mean together. */
import { createHash } from 'node:crypto';
import { statSync } from 'node:fs';
import { resolve } from 'node:path';
import { isLoopback } from '@sallyport/guard';
import type { Snapshot } from '../snapshot.ts';
import { buildIdentity } from './identity.ts';
import { buildGateway, buildListen } from './listeners.ts';
import { buildServers, type Site } from './servers.ts';
import { closest } from './suggest.ts';

/** @param text what the version is made of. Errors and weakenings go to `site.report`. */
export function buildSnapshot(site: Site, text: string): Snapshot {
  const { written, folder } = site;
  const dataFolder = resolve(folder, written.data);
  const gateway = buildGateway(site);
  const admin = { listen: buildListen(site, 'admin') };
  const identity = buildIdentity(site);
  const servers = buildServers(site);
  checkTenants(site);
  checkLimits(site);
  checkApprovals(site);
  checkAudit(site);
  checkDemo(site, gateway.listen.host);
  if (
    gateway.listen.port !== 0 &&
    gateway.listen.port === admin.listen.port &&
    gateway.listen.host === admin.listen.host
  ) {
    site.report.error(['admin', 'listen'], 'is the address of the gateway listener');
  }
  return deepFreeze({
    version: `sha256:${createHash('sha256').update(text).digest('hex')}`,
    gateway,
    admin,
    dataFolder,
    tenants: written.tenants,
    identity,
    servers,
    policies: { cedar: policyFolder(site) },
    limits: written.limits,
    refusalsPerMinute: written.gateway.refusalLimit,
    approvals: { rules: written.approvals.rules, ttlMs: written.approvals.ttl },
    audit: {
      folder: written.audit.folder === undefined ? resolve(dataFolder, 'audit') : resolve(folder, written.audit.folder),
      origin: written.audit.origin,
      clearArguments: written.audit.clearArguments,
      segmentBytes: written.audit.segment,
    },
    log: written.log,
    demo: written.demo,
    weakenings: [...site.report.weakenings],
  });
}

function deepFreeze<T>(value: T): T {
  if (typeof value === 'object' && value !== null && !Object.isFrozen(value)) {
    Object.freeze(value);
    for (const part of Object.values(value)) deepFreeze(part);
  }
  return value;
}

function checkTenants(site: Site): void {
  const seen = new Map<string, string>();
  for (const [index, tenant] of site.written.tenants.entries()) {
    // Two ids that differ in case only would share a folder on some file systems.
    const other = seen.get(tenant.toLowerCase());
    if (other !== undefined)
      site.report.error(
        ['tenants', index],
        other === tenant ? 'is listed twice' : `differs from ${other} in case only`,
      );
    seen.set(tenant.toLowerCase(), tenant);
  }
}

function policyFolder(site: Site): string | undefined {
  const written = site.written.policies.cedar;
  if (written === undefined) return undefined;
  const folder = resolve(site.folder, written);
  if (statSync(folder, { throwIfNoEntry: false })?.isDirectory() !== true)
    site.report.error(['policies', 'cedar'], 'is not a folder');
  return folder;
}

function checkLimits(site: Site): void {
  const { limits } = site.written;
  if (limits['default'] === undefined) site.report.error(['limits'], 'must have a "default" tier');
}

function checkApprovals(site: Site): void {
  const names = Object.keys(site.written.servers);
  for (const [index, rule] of site.written.approvals.rules.entries()) {
    if (rule.server === '*' || names.includes(rule.server)) continue;
    const meant = closest(rule.server, names);
    site.report.error(
      ['approvals', 'rules', index, 'server'],
      `no such server${meant === undefined ? '' : `; did you mean "${meant}"?`}`,
    );
  }
}

function checkAudit(site: Site): void {
  const names = Object.keys(site.written.servers);
  for (const [index, pattern] of site.written.audit.clearArguments.entries()) {
    const [server = '', , field = ''] = pattern.split('/');
    if (server !== '*' && !names.includes(server)) {
      const meant = closest(server, names);
      site.report.error(
        ['audit', 'clearArguments', index],
        `no such server${meant === undefined ? '' : `; did you mean "${meant}"?`}`,
      );
    }
    if (field.startsWith('*')) site.report.weaken(`audit: every argument that matches ${pattern} is recorded in clear`);
  }
}

function checkDemo(site: Site, host: string): void {
  if (!site.written.demo) return;
  site.report.weaken('demo: the built-in authorization server with demo users is on');
  if (!isLoopback(host)) site.report.error(['demo'], 'works on loopback only');
}
