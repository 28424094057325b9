/** Changes of what may be called, with what, how often and at what cost. */
import { changesIn, type Change } from './change.ts';

const inGuard = changesIn('packages/guard/src');
const inEdge = changesIn('packages/server/src/edge');
const inStages = changesIn('packages/guard/src/stages');
const SCHEMAS = [
  'validate/limits.test.ts',
  'validate/hostile-schemas.test.ts',
  'validate/schemas.test.ts',
  'validate/foreign-schemas.test.ts',
];

const permissions: readonly Change[] = [
  ...inStages(
    'visible/index.ts',
    ['visible/visible.test.ts'],
    [
      ['definition === undefined || !mayList(identity, definition)', 'definition === undefined'],
      ['allowTools(definition.server)?.includes(definition.name) === false', 'false'],
    ],
  ),
  ...inStages(
    'authorize/index.ts',
    ['authorize/authorize.test.ts'],
    [["if (decision.effect === 'allow') return", 'if (true) return']],
  ),
  ...inGuard(
    'policy/cedar.ts',
    ['policy/cedar.test.ts', 'policy/listing.test.ts'],
    [
      ["if (errors.length > 0) return { effect: 'deny', grant: grant(failed), error: errors.join('; ') };", ''],
      ["if (forbids.length > 0) return { effect: 'deny', grant: grant(forbids), error: undefined };", ''],
      ['if (decision.grant.cacheable) byAction', 'byAction'],
      ["if (result === 'error' || (policy.effect === 'forbid' && result === true)) return false;", ''],
      ['if (certainlyForbidden(index, unknown, nowMs)) return false;', ''],
    ],
  ),
  ...inStages(
    'approve/index.ts',
    ['packages/server/src/edge/tasks/held-task.test.ts'],
    [
      ['only: call.approvalId', 'only: undefined'],
      ['asked === undefined && call.approvalId === undefined', 'asked === undefined'],
    ],
  ),
  ...inGuard(
    'approvals/consume-named.ts',
    ['packages/server/src/edge/tasks/held-task.test.ts'],
    [['if (filed.digest !== digest) {', 'if (false) {']],
  ),
  ...inStages(
    'approve/digest.ts',
    ['approve/approve.test.ts'],
    [
      ['    arguments: input,\n', ''],
      ['    definition: definition.digest,\n', ''],
      ['    revision,\n', ''],
      ['    tenant: tenant.id,\n', ''],
      ['    actors: agent.actors,\n', ''],
    ],
  ),
  ...inGuard(
    'approvals/may-decide.ts',
    ['approvals/demands.test.ts', 'approvals/approvals.test.ts'],
    [
      ['if (isCaller(filed, by)) throw', 'if (false) throw'],
      ['if (isSameHuman(requester, requesterOf(user))) return true;', ''],
      ['agents.includes(user.subject) || ', ''],
      ['agents.includes(own.clientId) || ', ''],
      ['own.actors.some((id) => agents.includes(id))', 'false'],
      ['if (filed.decisions.some(', 'if (false && filed.decisions.some('],
      ['demand.distinct &&', 'false &&'],
      ["if (counts === undefined && verdict === 'approve')", 'if (false)'],
      ['if (isMet(demand, index, filed.decisions)) return null;', ''],
    ],
  ),
  ...inGuard(
    'approvals/decide.ts',
    ['approvals/demands.test.ts', 'approvals/approvals.test.ts', '../../../test/contracts/memory.test.ts'],
    [
      ['passkey?.digest === digest', 'true'],
      ["filed.status !== 'pending' || ", ''],
      [' || hasExpired(filed, nowMs)', ''],
      ['if ((reason?.length ?? 0) > REASON_LENGTH_MAX)', 'if (false)'],
      ['    checkSignIn(filed, signedInAtMs, nowMs);\n', ''],
      ["return 'denied';", "return 'pending';"],
      [
        '.every((part, index) => isMet(part, index, decisions))',
        '.some((part, index) => isMet(part, index, decisions))',
      ],
    ],
  ),
  ...inGuard(
    'approvals/demands.ts',
    ['approvals/demands.test.ts', 'approvals/approvals.test.ts'],
    [
      ["decision.verdict === 'approve' && ", ''],
      [' && countedAs(decision, index) !== undefined', ''],
      ['Math.min(...stepUps)', 'Math.max(...stepUps)'],
      ['\n    also,', ''],
    ],
  ),
  ...inGuard(
    'approvals/people.ts',
    ['approvals/demands.test.ts'],
    [
      ['if (issuer !== undefined && issuer !== user.issuer) return false;', ''],
      ['[subject, ...(email === undefined ? [] : [email])]', '[subject]'],
      [".normalize('NFKC').toLowerCase()", ''],
    ],
  ),
  ...inGuard(
    'approvals/demand-text.ts',
    ['approvals/demand-text.test.ts'],
    [
      ['if (name !== ANNOTATION && isNearly(name))', 'if (false)'],
      ['else if (kind === undefined) throw', 'else if (kind === undefined) continue; else if (false) throw'],
      ['if (fault !== undefined) throw', 'if (false) throw'],
    ],
  ),
  ...inGuard(
    'stages/approve/index.ts',
    ['stages/approve/rules.test.ts', 'stages/approve/approve.test.ts'],
    [
      ["return holds === 'unclear' ? rule.demand !== undefined : holds;", 'return holds === true;'],
      ["['destructiveHint'] === true", "['destructiveHint'] !== undefined"],
      ['...byRule, ...(grant?.approvals ?? [])', '...byRule'],
      ['Math.min(...asked', 'Math.max(...asked'],
    ],
  ),
  ...inEdge(
    'exchange/wait-for-approval.ts',
    ['http/approval-waits.test.ts'],
    [
      ["if (end === 'answer') return outcome;", ''],
      ['if (release === undefined) return outcome;', ''],
      ['connection.closed, connection.closing]', 'connection.closing]'],
      ['connection.closed, connection.closing]', 'connection.closed]'],
      ['if (hasChanged()) end', 'if (false) end'],
      ['.then((refusal) => refusal && end(', '.then((refusal) => false && end('],
      ['    release();\n', ''],
    ],
  ),
  ...inEdge(
    'eras/approval-wait.ts',
    ['eras/approval-wait.test.ts'],
    [
      [
        "if (page === undefined || !acceptsUrls(capabilities['elicitation'])) return undefined;",
        'if (!page) return undefined;',
      ],
      ['!hasUrlElicitation(protocolVersion) || ', ''],
    ],
  ),
  ...inGuard(
    'approvals/index.ts',
    ['approvals/approvals.test.ts', '../../../test/contracts/memory.test.ts'],
    [
      [
        'if (await store.replace(changed, kind, now())) return changed;',
        'await store.replace(changed, kind, now()); return changed;',
      ],
      ['denialsAfterMs: nowMs - coolDownMs', 'denialsAfterMs: nowMs'],
    ],
  ),
  ...inGuard(
    'approvals/consume.ts',
    ['approvals/approvals.test.ts', '../../../test/contracts/memory.test.ts'],
    [
      ["if (filing !== 'exists') throw tooMany(filing);", ''],
      ['if (endedBecause === undefined) continue;', 'continue;'],
    ],
  ),
  ...inGuard(
    'approvals/use.ts',
    ['approvals/approvals.test.ts', '../../../test/contracts/memory.test.ts'],
    [
      ["if (!(await store.replace(consumed(filed, nowMs), 'consumed', nowMs))) return undefined;", ''],
      ['errorText(reason)', 'reason'],
      ["  execution: 'unknown',\n", ''],
    ],
  ),
  ...inGuard(
    'approvals/withdraw.ts',
    ['approvals/lifecycle.test.ts'],
    [
      ['if (!isSamePerson(filed.requester, user))', 'if (false)'],
      ["filed.status !== 'pending' && ", ''],
      [' || hasExpired(filed, nowMs)', ''],
    ],
  ),
  ...inGuard(
    'approvals/expired.ts',
    ['approvals/lifecycle.test.ts', '../../../test/contracts/memory.test.ts'],
    [
      ['nowMs >= expiresAtMs', 'nowMs > expiresAtMs'],
      [' || createdAtMs > nowMs + CLOCK_SKEW_MS', ''],
    ],
  ),
  ...inGuard(
    'memory/approval-store.ts',
    ['approvals/approvals.test.ts', '../../../test/contracts/memory.test.ts'],
    [
      ['if (find(filed.id)?.version !== filed.version - 1) return false;', ''],
      ['ofUser >= limits.pendingMax || ', ''],
      [' || ofAgent >= limits.agentPendingMax', ''],
      ["if (lately('denied') >= limits.denialsMax) return 'denied_often';", ''],
      ["if (lately('withdrawn') >= limits.pendingMax) return 'withdrawn_often';", ''],
      ["if (shares.take(holderOf(filed), keptBytes(filed)) !== undefined) return 'full';", ''],
      ['return filed?.tenant === tenant ? filed : undefined;', 'return filed;'],
    ],
  ),
];

const work: readonly Change[] = [
  ...inStages('validate/bounds.ts', SCHEMAS, [
    ['if (JSON.stringify(schema).length > limits.bytesMax) return', 'if (false) return'],
    ['if (depthOf(schema) > limits.depthMax) return', 'if (false) return'],
    ['if (expandedSize(schema, createResolver(schema), new Map()) > limits.expandedMax)', 'if (false)'],
    ['expandedMax: 20_000', 'expandedMax: 20_000_000'],
  ]),
  ...inStages('validate/schema/evaluation.ts', SCHEMAS, [
    ['if (this.#steps > this.#stepsMax) throw', 'if (false) throw'],
    ['if (++this.#nested > NESTED_MAX) throw', 'if (false) throw'],
    ['STEPS_MAX = 400_000', 'STEPS_MAX = 400_000_000'],
    ['NESTED_MAX = 1_000', 'NESTED_MAX = 1_000_000'],
    ['if (this.faults.length < FAULTS_MAX)', 'if (true)'],
  ]),
  ...inStages('validate/schema/compile-schema.ts', SCHEMAS, [['  compiler.refuseCircles();\n', '']]),
  ...inStages('validate/schema/references.ts', SCHEMAS, [
    ["(this.#dynamicAnchors.get(isPointer ? '' : fragment) ?? 0) > 1)", 'false)'],
    ['if (this.#isComplete && count > 1) throw', 'if (false) throw'],
  ]),
  ...inStages(
    'validate/arguments.ts',
    ['validate/validate.test.ts'],
    [
      ['if (faults.length > 0) throw invalidInput(faults);', ''],
      ['if (extra.length > 0)', 'if (false)'],
    ],
  ),
  ...inStages(
    'validate/prompt-arguments.ts',
    ['validate/validate.test.ts'],
    [
      ["typeof input[name] !== 'string'", 'false'],
      ['if (extra > 0)', 'if (false)'],
    ],
  ),
  ...inStages(
    'validate/index.ts',
    ['validate/validate.test.ts', 'validate/schemas.test.ts'],
    [
      ["    compiled(outputCheck, definition, 'output');\n", ''],
      ["if (additionalArguments(definition.server) === 'reject') checkUndeclared(definition, input);", ''],
      ['value === undefined || value === null) return NO_ARGUMENTS;', 'value === undefined) return NO_ARGUMENTS;'],
    ],
  ),
  ...inStages('inspect/bound-size.ts', ['inspect/inspect.test.ts'], [['if (bytes > bytesMax)', 'if (false)']]),
  ...inStages(
    'inspect/match-shape.ts',
    ['inspect/match-shape.test.ts'],
    [
      ['if (content.length > BLOCKS_MAX) throw', 'if (false) throw'],
      ["if (!known) throw malformed('a content block has an unknown type');", ''],
      ["if (!Array.isArray(content)) throw malformed('it has no content');", 'if (!Array.isArray(content)) return;'],
      ['!UNFINISHED.has(type)) throw', 'false) throw'],
    ],
  ),
  ...inStages(
    'inspect/match-output-schema.ts',
    ['inspect/inspect.test.ts'],
    [
      [
        "if (structured === undefined) throw blocked('structured content is missing');",
        'if (structured === undefined) return;',
      ],
      ['if (fault !== undefined) throw', 'if (false) throw'],
    ],
  ),
  ...inStages(
    'inspect/index.ts',
    ['inspect/inspect.test.ts'],
    [
      ['result.items.filter((item) => mayList(identity, item))', 'result.items'],
      ['if (bytesMax !== undefined) boundSize(result, bytesMax);', ''],
      [
        'if (definition !== undefined) matchOutput',
        "if (call.method === 'tools/call' && definition !== undefined) matchOutput",
      ],
      ["new Set(['tasks/get', 'subscriptions/task'])", "new Set(['tasks/get'])"],
    ],
  ),
  ...inStages(
    'limit/budget.ts',
    ['limit/budget.test.ts', 'limit/rules.test.ts'],
    [
      ['identity.tenant.id, ...parts', '...parts'],
      ['      throw rateLimited(verdict);\n', ''],
      ['known.settings === settings && known', 'known'],
      ['&& known.tenant === identity.tenant.id', ''],
      ['`u${user.issuer}|${user.subject}`', '`u${user.subject}`'],
    ],
  ),
  ...inStages(
    'limit/refusals.ts',
    ['limit/limit.test.ts'],
    [
      ['      throw rateLimited(entry.verdict);\n', ''],
      ['if (!verdict.allowed) blocked', 'if (false) blocked'],
    ],
  ),
  ...inStages(
    'limit/address.ts',
    ['limit/limit.test.ts', 'packages/server/src/edge/http/edge.test.ts'],
    [
      ['    .slice(0, 4)\n', ''],
      ['if (mapped !== undefined) return mapped;', ''],
    ],
  ),
  ...inGuard(
    'memory/rate-limiter.ts',
    ['stages/limit/rules.test.ts', 'stages/limit/budget.test.ts', 'memory/bounds.test.ts'],
    [
      ['      if (!verdict.allowed) return verdict;\n', ''],
      ['if (buckets.size > sweepAboveSize) {', 'if (false) {'],
      ['if (bucket !== undefined && bucket.updatedAtMs > nowMs) buckets', 'if (false) buckets'],
      ['if (usedMsAt(bucket, nowMs) > bucket.usedMsMax) continue;', ''],
    ],
  ),
];

export const rights: readonly Change[] = [...permissions, ...work];
