/** Which calls people must approve, from the configuration. */
import type { ApprovalRule } from '@sallyport/guard/stages';
import type { ConfigInput } from './input.ts';
import { unknownServer } from './suggest.ts';

/** Reports rules that can never be met. */
export function buildApprovalRules({ config, report }: ConfigInput): readonly ApprovalRule[] {
  const servers = Object.keys(config.servers);
  return config.approvals.rules.map((rule, index) => {
    const where = ['approvals', 'rules', index] as const;
    const { server, tool, approvers, required, distinct, ttl = config.approvals.ttl } = rule;
    if (server !== '*' && !servers.includes(server)) report.error([...where, 'server'], unknownServer(server, servers));
    if (distinct && required > approvers.length)
      report.error([...where, 'required'], 'is more than the entries of `approvers`, of which each counts once');
    if (!distinct && approvers.every(({ kind }) => kind === 'user') && required > approvers.length)
      report.error([...where, 'required'], 'is more than the users of `approvers`');
    return { server, tool, demand: { approvers, required, distinct, source: where.join('.') }, ttlMs: ttl };
  });
}
