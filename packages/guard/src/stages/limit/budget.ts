import type { Principal } from '../../call.ts';
import type { Stages, ValidatedCall, Identity } from '../../guard.ts';
import type { LimitRule, LimitVerdict, Observer, RateLimiter } from '../../ports.ts';
import { exhausted } from './exhausted.ts';

export interface LimitSetting {
  readonly limit: number;
  readonly periodMs: number;
  readonly per: readonly ('tenant' | 'user' | 'agent' | 'tool')[];
}

/** Tier name → its settings. `default` serves principals without a tier or with one that is not configured. */
export type LimitTiers = Readonly<Record<string, readonly LimitSetting[]>>;

export interface LimitDeps {
  readonly limiter: RateLimiter;
  readonly tiers: () => LimitTiers;
  readonly observer: Observer;
}

export function createLimit({ limiter, tiers, observer }: LimitDeps): Stages['limit'] {
  return (who, judged) => {
    if (!judged.row.limited) return undefined;
    const table = tiers();
    const tier = who.principal.tier;
    const settings = (tier !== undefined && Object.hasOwn(table, tier) ? table[tier] : table['default']) ?? [];
    const rules = rulesOf(settings, who, judged);
    if (rules.length === 0) return undefined;
    const settle = (verdict: LimitVerdict): void => {
      if (verdict.allowed) return;
      observer.limited(verdict.rule.scope, judged.definition?.server ?? '', judged.definition?.name ?? '');
      throw exhausted(verdict);
    };
    const verdict = limiter.take(rules);
    return verdict instanceof Promise ? verdict.then(settle) : settle(verdict);
  };
}

interface Remembered {
  readonly settings: readonly LimitSetting[];
  readonly tenant: string;
  readonly rules: readonly LimitRule[];
}

const remembered = new WeakMap<Principal, WeakMap<object, Remembered>>();
const NO_TARGET = {};

/** The buckets of a principal's calls to one target are the same until the settings change. */
function rulesOf(settings: readonly LimitSetting[], who: Identity, judged: ValidatedCall): readonly LimitRule[] {
  let targets = remembered.get(who.principal);
  if (targets === undefined) remembered.set(who.principal, (targets = new WeakMap()));
  const target = judged.definition ?? NO_TARGET;
  const known = targets.get(target);
  if (known !== undefined && known.settings === settings && known.tenant === who.tenant.id) return known.rules;
  const rules = rulesFor(settings, who, judged);
  targets.set(target, { settings, tenant: who.tenant.id, rules });
  return rules;
}

function rulesFor(settings: readonly LimitSetting[], who: Identity, judged: ValidatedCall): LimitRule[] {
  const rules: LimitRule[] = [];
  for (const { per, limit, periodMs } of settings) {
    // A budget per tool has no bucket for a call that is aimed at no tool.
    if (per.includes('tool') && judged.definition === undefined) continue;
    const parts = per.map((part) => partOf(part, who, judged));
    rules.push({
      scope: per.at(-1) ?? 'tenant',
      key: JSON.stringify([limit, periodMs, who.tenant.id, ...parts]),
      limit,
      periodMs,
    });
  }
  return rules;
}

function partOf(part: LimitSetting['per'][number], who: Identity, judged: ValidatedCall): string {
  const { user, agent } = who.principal;
  switch (part) {
    case 'tenant':
      return '';
    case 'user':
      return `u${user.issuer}|${user.subject}`;
    case 'agent':
      return `a${agent.clientId}`;
    case 'tool':
      return `t${judged.definition?.server}/${judged.definition?.kind}/${judged.definition?.name}`;
  }
}
