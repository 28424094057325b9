/** The key `approvals` of the configuration: which calls people must approve. */
import { DEFAULT_APPROVERS, demandFault, STEP_UP_MS, type ApprovalDemand } from '@sallyport/guard';
import { isAmbiguousUser, isUnknownIssuer } from '../issuers-of-users.ts';
import { noPasskeysAt, passkeyParty } from '../passkey-party.ts';
import type { ApprovalRuleSettings, ApprovalSettings } from '../snapshot.ts';
import { buildChannels } from './channels.ts';
import type { ConfigInput } from './input.ts';
import type { Path } from './positions.ts';
import type { ParsedConfig } from './schema.ts';
import { unknownServer } from './suggest.ts';

type ParsedRule = ParsedConfig['approvals']['rules'][number];

/** Reports rules that can never be met, and names of users that may be of several people. */
export function buildApprovals(input: ConfigInput, adminUrl: string): ApprovalSettings {
  const { config, report } = input;
  const { rules, ttl, destructive } = config.approvals;
  const built = rules.map((rule, index) => buildRule(input, rule, index));
  const noPasskeys = passkeyParty(adminUrl) === undefined;
  for (const [index, { demand }] of built.entries())
    if (noPasskeys && demand?.passkey === true)
      report.error(['approvals', 'rules', index, 'stepUp'], noPasskeysAt(adminUrl));
  if (destructive === 'ask') built.push({ ...DESTRUCTIVE, ttlMs: ttl });
  else report.weaken('approvals: tools that say that they destroy something need no approval (destructive: allow)');
  const { wait: waitMs, limits } = config.approvals;
  return { rules: built, ttlMs: ttl, waitMs, limits, channels: buildChannels(input) };
}

/** After all others. */
const DESTRUCTIVE: Omit<ApprovalRuleSettings, 'ttlMs'> = {
  server: '*',
  tool: '*',
  destructiveOnly: true,
  when: undefined,
  demand: { approvers: DEFAULT_APPROVERS, required: 1, distinct: false, source: 'approvals.destructive' },
};

function buildRule(input: ConfigInput, rule: ParsedRule, index: number): ApprovalRuleSettings {
  const { config, report } = input;
  const where = ['approvals', 'rules', index] as const;
  const field = where.join('.');
  const servers = Object.keys(config.servers);
  const { server, tool, when, ttl = config.approvals.ttl } = rule;
  if (server !== '*' && !servers.includes(server)) report.error([...where, 'server'], unknownServer(server, servers));
  return {
    server,
    tool,
    ...(rule.destructive === true && { destructiveOnly: true }),
    when: when === undefined ? undefined : conditionOf(input, [...where, 'when'], when),
    demand: demandOf(input, rule, where, field),
    ttlMs: ttl,
  };
}

const conditionOf = ({ report }: ConfigInput, path: Path, text: string): ApprovalRuleSettings['when'] => ({
  text,
  field: path.map(String).join('.'),
  at: report.positionOf(path),
});

function demandOf(input: ConfigInput, rule: ParsedRule, where: Path, source: string): ApprovalDemand | undefined {
  const { config, report } = input;
  const { approvers, required, distinct, stepUp, show } = rule;
  if (required === 0) {
    report.weaken(`${source}: calls of ${rule.server} ${rule.tool} need no approval (required: 0)`);
    return undefined;
  }
  for (const [at, selector] of approvers.entries()) {
    if (isAmbiguousUser(selector, config.identity.issuers, config.tenants))
      report.error(
        [...where, 'approvers', at],
        `may be a user of several issuers: write user:${selector.name} from ISSUER`,
      );
    if (isUnknownIssuer(selector, config.identity.issuers))
      report.error([...where, 'approvers', at], 'names an issuer that is not configured');
  }
  const fault = demandFault({ approvers, required, distinct });
  if (fault !== undefined) report.error([...where, 'required'], fault);
  return {
    approvers,
    required,
    distinct,
    source,
    ...stepUpOf(stepUp),
    ...(show !== undefined && { show: shownFirst(show) }),
  };
}

function stepUpOf(stepUp: ParsedRule['stepUp']): Pick<ApprovalDemand, 'stepUpMs' | 'passkey'> {
  if (stepUp === false) return {};
  if (stepUp === 'passkey') return { passkey: true };
  return { stepUpMs: stepUp === true ? STEP_UP_MS : stepUp };
}

const shownFirst = ({ text, arguments: names }: NonNullable<ParsedRule['show']>) => ({
  ...(text !== undefined && { text }),
  ...(names !== undefined && { arguments: names }),
});
