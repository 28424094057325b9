import type { Principal } from '../../call.ts';
import type { Stages, ValidatedCall, Identity } from '../../guard.ts';
import { andThen } from '../../maybe-promise.ts';
import type { LimitRule, Observer, RateLimiter } from '../../ports.ts';
import { rateLimited } from './rate-limited.ts';

/**
 * A rate limit, and what each of its buckets counts.
 *
 * @example
 * ```ts
 * const perTool: LimitSetting = { limit: 100, periodMs: 60_000, per: ['user', 'tool'] };
 * ```
 */
export interface LimitSetting {
  readonly limit: number;
  readonly periodMs: number;
  readonly per: readonly ('tenant' | 'user' | 'agent' | 'tool')[];
}

/**
 * Tier name → its settings. `default` serves principals without a tier, or with one that is not configured.
 *
 * @example
 * ```ts
 * const tiers: LimitTiers = { default: [{ limit: 100, periodMs: 60_000, per: ['user'] }] };
 * ```
 */
export type LimitTiers = Readonly<Record<string, readonly LimitSetting[]>>;

/** What the limit stage works with. */
export interface LimitDeps {
  readonly limiter: RateLimiter;
  /** Read for every call. */
  readonly tiers: () => LimitTiers;
  readonly observer: Observer;
}

/**
 * The limit stage.
 *
 * @example
 * ```ts
 * const tiers: LimitTiers = { default: [{ limit: 100, periodMs: 60_000, per: ['user'] }] };
 * const limit = createLimit({
 *   limiter: createMemoryRateLimiter(systemClock), tiers: () => tiers, observer: silentObserver,
 * });
 * ```
 */
export function createLimit({ limiter, tiers, observer }: LimitDeps): Stages['limit'] {
  return (identity, call) => {
    if (!call.row.limited) return undefined;
    // Asking for a task takes nothing from the budget of its tool.
    const validated = call.row.target === 'task' ? { ...call, definition: undefined } : call;
    const rules = rulesFor(settingsOf(tiers(), identity.principal), identity, validated);
    if (rules.length === 0) return undefined;
    return andThen(limiter.take(rules), (verdict) => {
      if (verdict.allowed) return;
      observer.limited(verdict.rule.scope, validated.definition?.server ?? '', validated.definition?.name ?? '');
      throw rateLimited(verdict);
    });
  };
}

/** Own members only, so that a tier named `constructor` is not configured by accident. */
function settingsOf(tiers: LimitTiers, { tier }: Principal): readonly LimitSetting[] {
  return (tier !== undefined && Object.hasOwn(tiers, tier) ? tiers[tier] : tiers['default']) ?? [];
}

interface CachedRules {
  readonly settings: readonly LimitSetting[];
  readonly tenant: string;
  readonly rules: readonly LimitRule[];
}

const cache = new WeakMap<Principal, WeakMap<object, CachedRules>>();
const NO_TARGET = {};

/** The buckets of a principal's calls to one target are the same until the settings change. */
function rulesFor(
  settings: readonly LimitSetting[],
  identity: Identity,
  validated: ValidatedCall,
): readonly LimitRule[] {
  const byTarget = cache.get(identity.principal) ?? new WeakMap<object, CachedRules>();
  cache.set(identity.principal, byTarget);
  const target = validated.definition ?? NO_TARGET;
  const known = byTarget.get(target);
  if (known !== undefined && known.settings === settings && known.tenant === identity.tenant.id) return known.rules;
  const rules = buildRules(settings, identity, validated);
  byTarget.set(target, { settings, tenant: identity.tenant.id, rules });
  return rules;
}

function buildRules(settings: readonly LimitSetting[], identity: Identity, validated: ValidatedCall): LimitRule[] {
  const rules: LimitRule[] = [];
  for (const { per, limit, periodMs } of settings) {
    // A budget per tool has no bucket for a call that is aimed at no tool.
    if (per.includes('tool') && validated.definition === undefined) continue;
    const parts = per.map((part) => partOf(part, identity, validated));
    const key = JSON.stringify([limit, periodMs, identity.tenant.id, ...parts]);
    rules.push({ scope: per.at(-1) ?? 'tenant', key, limit, periodMs });
  }
  return rules;
}

function partOf(part: LimitSetting['per'][number], identity: Identity, { definition }: ValidatedCall): string {
  const { user, agent } = identity.principal;
  switch (part) {
    case 'tenant':
      return '';
    case 'user':
      return `u${user.issuer}|${user.subject}`;
    case 'agent':
      return `a${agent.clientId}`;
    case 'tool':
      return `t${definition?.server}/${definition?.kind}/${definition?.name}`;
  }
}
