import type { House, Judged, Who } from '../../guard.ts';
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

export function createLimit({ limiter, tiers, observer }: LimitDeps): House['limit'] {
  return (who, judged) => {
    if (!judged.row.limited) return undefined;
    const table = tiers();
    const tier = who.principal.tier;
    const settings = (tier !== undefined && Object.hasOwn(table, tier) ? table[tier] : table['default']) ?? [];
    const rules = rulesFor(settings, who, judged);
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

function rulesFor(settings: readonly LimitSetting[], who: Who, judged: Judged): LimitRule[] {
  const rules: LimitRule[] = [];
  for (const { per, limit, periodMs } of settings) {
    // A budget per tool has no bucket for a call that is aimed at no tool.
    if (per.includes('tool') && judged.definition === undefined) continue;
    const parts = per.map((part) => partOf(part, who, judged));
    rules.push({ scope: per.at(-1) ?? 'tenant', key: JSON.stringify([limit, periodMs, who.tenant.id, ...parts]), limit, periodMs });
  }
  return rules;
}

function partOf(part: LimitSetting['per'][number], who: Who, judged: Judged): string {
  const { user, agent } = who.principal;
  switch (part) {
    case 'tenant': return '';
    case 'user': return `u${user.issuer}|${user.subject}`;
    case 'agent': return `a${agent.clientId}`;
    case 'tool': return `t${judged.definition?.server}/${judged.definition?.kind}/${judged.definition?.name}`;
  }
}
