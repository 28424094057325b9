/** Rules for approval that nobody could answer: each call that they hold would wait until it expires. */
import { isSelected, selectorText, type ApiKey, type ApprovalDemand } from '@sallyport/guard';
import type { Snapshot } from '../snapshot.ts';
import type { SettingFinding } from './check-servers.ts';

/** What the control API accepts of a key. */
const CONTROL_SCOPE = 'control:';
const API_KEY_ISSUER = 'urn:sallyport:api-key';

/**
 * People answer on the dashboard (`control.signIn`), with tokens of `control.clients`, or with API keys that have a
 * scope `control:…`. Where people sign in, the issuer knows who has which role.
 */
export async function unanswerableRules(snapshot: Snapshot, nowMs: number): Promise<readonly SettingFinding[]> {
  const { approvals, control } = snapshot;
  const rules = approvals.rules.filter(({ demand }) => demand?.source.startsWith('approvals.rules.') === true);
  if (rules.length === 0 || control.signIn.length > 0 || control.clients.length > 0) return [];
  const keys = (await storedKeys(snapshot)).filter(
    ({ revokedAtMs, expiresAtMs = Number.POSITIVE_INFINITY, scopes }) =>
      revokedAtMs === undefined && expiresAtMs > nowMs && scopes.some((scope) => scope.startsWith(CONTROL_SCOPE)),
  );
  return rules.flatMap(({ demand }) => {
    if (demand === undefined || canBeAnswered(demand, keys)) return [];
    const who = demand.approvers.map(selectorText).join(', ');
    return [
      {
        path: demand.source.split('.').map((step) => (/^\d+$/.test(step) ? Number(step) : step)),
        severity: 'warning' as const,
        message:
          `${demand.source}: nobody can answer it: nobody signs in (control.signIn), and too few API keys ` +
          `with a scope control:approver belong to ${who} (sallyport keys create --scope control:approver …)`,
      },
    ];
  });
}

function canBeAnswered({ approvers, required }: ApprovalDemand, keys: readonly ApiKey[]): boolean {
  const tenants = new Map<string, Set<string>>();
  for (const { tenant, subject, roles } of keys) {
    const user = { issuer: API_KEY_ISSUER, subject, roles, groups: [], claims: {} };
    if (!approvers.some((selector) => isSelected(selector, { user }))) continue;
    tenants.set(tenant, (tenants.get(tenant) ?? new Set()).add(subject));
  }
  return [...tenants.values()].some((subjects) => subjects.size >= required);
}

/** None where no gateway has been, and where a database cannot be reached: a check needs no network. */
async function storedKeys(snapshot: Snapshot): Promise<readonly ApiKey[]> {
  const { mayHoldPins, withKeysAndPins } = await import('../stores.ts');
  if (!snapshot.identity.apiKeys || !mayHoldPins(snapshot)) return [];
  const read = withKeysAndPins(snapshot, async ({ keys }) => keys.list(undefined));
  return snapshot.database === undefined ? read : read.catch(() => []);
}
