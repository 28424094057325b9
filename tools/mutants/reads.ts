/** Changes of what the control API shows and changes: tenants apart, bounds of searches, proofs, secrets. */
import { changesIn, type Change } from './change.ts';

const inControl = changesIn('packages/gateway/src/control');
const inSegments = changesIn('packages/server/src/segments');
const READS = ['test/e2e/control-reads.test.ts'];
const CHANGES = ['test/e2e/control-changes.test.ts'];

const search: readonly Change[] = [
  ...inSegments(
    'tenant-logs.ts',
    ['tenant-logs.test.ts'],
    [
      ['if (waiting.length >= SEARCHES_WAITING_MAX) throw', 'if (false) throw'],
      ['logs.filter(({ name }) => name === only)', 'logs'],
      ['tenantFolder(processFolder(root, name), tenant)', 'join(processFolder(root, name), tenant)'],
    ],
  ),
  ...inSegments(
    'search.ts',
    ['search.test.ts'],
    [
      ['if (budget.left <= 0) return;', ''],
      ['while (found.length < query.limit) {', 'for (;;) {'],
      ['|| !query.matches(record)) continue;', ') continue;'],
      ['.filter(({ name }) => query.from === undefined || query.from[name] !== undefined)', ''],
    ],
  ),
  ...inSegments('frames.ts', ['search.test.ts'], [['if (index < segment || index > indexMax) continue;', '']]),
  ...inSegments('inclusion.ts', ['tenant-logs.test.ts'], [["if (index >= size) return 'not_signed_yet';", '']]),
];

const shown: readonly Change[] = [
  ...inControl(
    'overview/activity.ts',
    ['overview/activity.test.ts'],
    [
      [
        'if (tenant === undefined || principal === undefined || !isCounted(outcome)) return;',
        'if (tenant === undefined || principal === undefined) return;',
      ],
      ['const PEOPLE_MAX = 1_000;', 'const PEOPLE_MAX = 1_000_000;'],
    ],
  ),
  ...inControl('servers/view.ts', READS, [["  url.search = '';\n", '']]),
  ...inControl('servers/definition-diff.ts', ['servers/definitions.test.ts'], [['.map(escapeHidden)', '']]),
  ...inControl(
    'servers/hidden-characters.ts',
    ['servers/definitions.test.ts'],
    [
      ['        search(name, inside);\n', ''],
      ['if (found.length >= HIDDEN_CHARACTERS_MAX) return;\n      if (!SEEN', 'if (!SEEN'],
    ],
  ),
  ...changesIn('packages/gateway/src/config')(
    'effective.ts',
    ['effective.test.ts'],
    [
      ['MAY_BE_SECRET.test(path) ? null : shown(name, written)', 'shown(name, written)'],
      ['return looksSecret(name, value) ? null : withoutCredentials(value);', 'return withoutCredentials(value);'],
      ['[url.username, url.password, url.search]', '[url.username, url.password]'],
    ],
  ),
  ...changesIn('packages/dashboard/src/proof')(
    'verify.ts',
    ['verify.test.ts'],
    [
      ["if (base64Of(leafHash) !== proof.leaf_hash) return { holds: false, why: 'leaf_hash_differs' };", ''],
      ["if (!(await isSigned(checkpoint, proof.key))) return { holds: false, why: 'signature_wrong' };", ''],
      ["if (checkpoint.size !== proof.size) return { holds: false, why: 'size_differs' };", ''],
      ['root === undefined || base64Of(root) !== checkpoint.root', 'root === undefined'],
      ['if (name !== origin || ', 'if ('],
      ['  if (hexOf(expectedId) !== id) return false;\n', ''],
      ['proof.index !== wanted.index || ', ''],
    ],
  ),
];

const changed: readonly Change[] = [
  ...inControl('servers/definition-approve.ts', READS, [['if (pending.digest !== digest)', 'if (false)']]),
  ...inControl('keys/create.ts', CHANGES, [
    ["scopes.some((scope) => scope.startsWith('control:')) && !roles.has('admin')", 'false'],
  ]),
  ...inControl('keys/revoke.ts', CHANGES, [
    ['key === undefined || key.tenant !== caller.tenant.id', 'key === undefined'],
  ]),
  ...inControl('policies/trial.ts', CHANGES, [['body.tenant !== undefined && body.tenant !== tenant.id', 'false']]),
  ...inControl('policies/explain.ts', CHANGES, [
    ["    await recordTrial(deps, caller, 'policy.explain', about, explanation.decision);\n", ''],
  ]),
  ...inControl('events/show.ts', CHANGES, [['        if (!maySee(caller, filed)) return;\n', '']]),
];

export const reads: readonly Change[] = [...search, ...shown, ...changed];
