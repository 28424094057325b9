/** Changes of what replicas share: keys, pins and sessions in PostgreSQL, and what calls do without it. */
import { changesIn, type Change } from './change.ts';

const inGateway = changesIn('packages/gateway/src');
const CONTRACTS = ['test/contracts/postgres.test.ts'];
const REPLICAS = ['test/e2e/replicas.test.ts'];

const inGuard = changesIn('packages/guard/src');
const APPROVALS = ['test/contracts/memory.test.ts'];

export const stores: readonly Change[] = [
  ...inGuard('approvals/outdated.ts', APPROVALS, [
    ["  filed.status !== 'denied' && filed.rules !== undefined", '  filed.rules !== undefined'],
    [' && filed.rules !== now.rules && ', ' && '],
    ["filed.status === 'denied' ? undefined : outdated(filed)", 'undefined'],
  ]),
  ...inGuard('approvals/consume.ts', APPROVALS, [
    ['if (filed !== undefined && isOfOtherRules(filed, request)) {', 'if (false as boolean && filed !== undefined) {'],
    ["    ...(filing.endsWith('full') && { suggestion: WAIT_OR_WITHDRAW }),\n", ''],
  ]),
  ...inGuard('approvals/consume-named.ts', APPROVALS, [
    ['} else if (isOfOtherRules(filed, request)) {', '} else if (false as boolean) {'],
  ]),
  ...inGuard(
    'approvals/rules-digest.ts',
    ['approvals/rules-digest.test.ts'],
    [
      ["demand: demand && { ...demand, source: '' } }", 'demand }'],
      ['.filter((rule) => matches(rule.server, server) && matches(rule.tool, tool))', ''],
    ],
  ),
  ...inGuard(
    'stages/approve/index.ts',
    ['stages/approve/approve.test.ts'],
    [["      if (isOther) throw new GuardError('quarantined');\n", '']],
  ),
  ...inGuard('memory/approval-store.ts', APPROVALS, [
    ["pending.length >= limits.tenantPendingMax ? 'tenant_full' : 'inserted'", "'inserted'"],
  ]),
  ...inGateway(
    'adapters/kysely/approval-filing.ts',
    ['test/contracts/sqlite.test.ts'],
    [["if (open.of_tenant >= limits.tenantPendingMax) return 'tenant_full';", '']],
  ),
  ...inGateway(
    'outdated-approvals.ts',
    ['outdated-approvals.test.ts'],
    [
      ['if (digest !== undefined && digest !== filed.definitionDigest)', 'if (false as boolean)'],
      ['filed.revision === before.policies.revision && ', ''],
      ['return wasFiledHere && ', 'return '],
    ],
  ),
  ...inGateway(
    'upstream/pins/current-pins.ts',
    ['upstream/pins/current-pins.test.ts'],
    [
      ['return state.isLate ? lastGood(state) : waitShortly(state, answer);', 'return waitShortly(state, answer);'],
      ['timer = setTimeout(() => resolve(undefined), WAIT_MS_MAX);', ''],
    ],
  ),
  ...inGateway(
    'adapters/kysely/approval-row.ts',
    ['adapters/kysely/damaged-approvals.test.ts'],
    [
      ['    quoted(String(id)) === row.id &&\n', ''],
      ['    status === row.status &&\n', ''],
      ['isWhole ? (document', 'true ? (document'],
    ],
  ),
  ...inGateway(
    'adapters/kysely/approvals.ts',
    ['adapters/kysely/damaged-approvals.test.ts'],
    [
      ['if (unreadable.length > 0)', 'if (false)'],
      ['!reported.has(row.id)', 'true'],
    ],
  ),
  ...inGateway('adapters/kysely/keys.ts', CONTRACTS, [
    ["query = query.where('tenant', '=', quoted(tenant));", ''],
    ['revoked_at: key.revokedAtMs ?? null', 'revoked_at: null'],
  ]),
  ...inGateway('adapters/kysely/pin-changes.ts', CONTRACTS, [
    [", eb('digest', '=', pin.digest)])", '])'],
    ["conflict.column('id').doNothing()", "conflict.column('id').doUpdateSet({ digest: changes[0]!.pin.digest })"],
    ["    .where('digest', '=', pin.digest)\n", ''],
    ["    .where('digest', '=', pending.digest)\n", ''],
    [' && !ids.has(id)', ''],
  ]),
  ...inGateway('adapters/kysely/pins.ts', CONTRACTS, [['if (raised === 0) return;', 'if (raised >= 0) return;']]),
  ...inGateway('adapters/kysely/sessions.ts', CONTRACTS, [
    ["          .where('ended_sessions.expires_at', '<', expiresAtMs),\n", ','],
    ['if (expiresAtMs <= nowMs) ended.delete(id);', 'ended.delete(id);'],
    ['      await purgeIfDue().catch(() => undefined);\n', ''],
    ["deleteFrom('held_sessions').where('owner', '=', owner)", "deleteFrom('held_sessions').where('owner', '=', '')"],
  ]),
  ...inGateway('adapters/sqlite/web-sessions.ts', CONTRACTS, [
    ["coalesce(session ->> '$.claims.sub', subject) = ?2", 'subject = ?2'],
  ]),
  ...inGateway('adapters/kysely/web-sessions.ts', CONTRACTS, [
    ['.offset(perPersonMax - 1)', '.offset(perPersonMax)'],
    ["(claims['sub'] ?? subject) === sub", 'subject === sub'],
    [
      "conflict.column('text_hash').doNothing()",
      "conflict.column('text_hash').doUpdateSet({ expires_at: expiresAtMs })",
    ],
  ]),
  ...inGateway('stores.ts', REPLICAS, [
    ['if (movedMs === undefined) return store;', 'if (movedMs !== 0) return store;'],
    ['if (movedAtMs(store) === undefined) await moveToShared(store, shared, log);', ''],
    ['    callKeys: { find: followed.findKey },\n', '    callKeys: available(shared.keys),\n'],
  ]),
  ...inGateway('stores.ts', ['stores.test.ts'], [['if (followed.ageMs() > outageMs) throw thrown;', '']]),
  ...inGateway(
    'followed-stores.ts',
    ['stores.test.ts'],
    [
      [
        "if (ageMs() > outageMs) throw new GuardError('unavailable'",
        "if (false as boolean) throw new GuardError('unavailable'",
      ],
    ],
  ),
  ...inGateway('followed-stores.ts', REPLICAS, [
    [
      'for (const key of changed.keys) known.set(key.id, key);',
      'for (const key of changed.keys) if (!known.has(key.id)) known.set(key.id, key);',
    ],
    ['    await sessions.read();\n', ''],
  ]),
];
