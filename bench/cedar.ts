/**
 * Why Cedar policies are compiled to closures (`docs/adr/0004-cedar-compiled.md`): one decision over 100 policies, by
 * the reference implementation in WebAssembly and by the guard. Run it with
 *
 *     node_modules/.bin/node --conditions=sallyport-source bench/cedar.ts
 */
import { cpus } from 'node:os';
import {
  isAuthorized,
  policyToJson,
  preparsePolicySet,
  statefulIsAuthorized,
  type EntityJson,
} from '@cedar-policy/cedar-wasm/nodejs';
import type { Definition, Digest, PolicyRequest, PrincipalKey, TenantId } from '@sallyport/guard';
import { compileCedar, type PolicyJson } from '@sallyport/guard/policy';

const POLICIES = 100;
const NAME = 'bench';
const ARGUMENTS = { amount: 50, note: 'invoice 7' };

/** One policy per tool of a server, as an operator writes them; each reads an argument of the call. */
const policyText = (index: number): string =>
  `permit (principal in Role::"role ${index % 10}", action == Action::"call", resource == Tool::"crm/tool_${index}")
   when { context.args.amount < 100 && context.args.note like "invoice *" };`;

const tool = (index: number) => ({ type: 'Tool', id: `crm/tool_${index}` });
const entities: EntityJson[] = [
  {
    uid: { type: 'User', id: 'https://idp.example.com|alice' },
    parents: [
      { type: 'Role', id: 'role 7' },
      { type: 'Tenant', id: 'acme' },
    ],
    attrs: {},
  },
  { uid: tool(77), parents: [{ type: 'Server', id: 'crm' }], attrs: {} },
];
const texts = Array.from({ length: POLICIES }, (_, index) => policyText(index));
const staticPolicies = Object.fromEntries(texts.map((text, index) => [`p${index}`, text]));
const request = {
  principal: { type: 'User', id: 'https://idp.example.com|alice' },
  action: { type: 'Action', id: 'call' },
  resource: tool(77),
  context: { args: ARGUMENTS },
  entities,
};

function byIsAuthorized(): boolean {
  const answer = isAuthorized({ ...request, policies: { staticPolicies } });
  return answer.type === 'success' && answer.response.decision === 'allow';
}

function byStatefulIsAuthorized(): boolean {
  const answer = statefulIsAuthorized({ ...request, preparsedPolicySetId: NAME });
  return answer.type === 'success' && answer.response.decision === 'allow';
}

const engine = compileCedar(
  texts.map((text, index) => {
    const parsed = policyToJson(text);
    if (parsed.type === 'failure') throw new Error(parsed.errors[0]?.message);
    return { id: `p${index}`, json: parsed.json as unknown as PolicyJson };
  }),
  'bench',
  { now: () => 1_700_000_000_000 },
);
const definition: Definition = {
  server: 'crm',
  kind: 'tool',
  name: 'tool_77',
  document: {},
  digest: 'sha256:0' as Digest,
  labels: [],
};
const question: PolicyRequest = {
  principal: {
    user: { issuer: 'https://idp.example.com', subject: 'alice', roles: ['role 7'], groups: [], claims: {} },
    agent: { clientId: 'app', actors: [] },
    scopes: [],
    tenantClaim: 'acme',
    tier: undefined,
    expiresAtMs: undefined,
    key: 'k' as PrincipalKey,
  },
  tenant: { id: 'acme' as TenantId },
  action: 'call',
  definition,
  input: ARGUMENTS,
  call: {
    session: undefined,
    origin: {
      transport: 'http',
      era: 'modern',
      protocolVersion: '2026-07-28',
      address: '127.0.0.1',
      correlationId: '',
      traceparent: undefined,
      clientInfo: undefined,
    },
  },
};

const byClosures = (): boolean => engine.decide(question).effect === 'allow';

/** Median of 21 rounds, in microseconds of processor time per decision: other work on the machine does not count. */
function measure(decide: () => boolean, decisionsPerRound: number): number {
  const rounds = Array.from({ length: 22 }, () => {
    const start = process.cpuUsage();
    for (let count = 0; count < decisionsPerRound; count++)
      if (!decide()) throw new Error('a decision is wrong: the call must be allowed');
    const { user, system } = process.cpuUsage(start);
    return (user + system) / decisionsPerRound;
  });
  // The first round warms up.
  return rounds.slice(1).sort((a, b) => a - b)[10] as number;
}

preparsePolicySet(NAME, { staticPolicies });
process.stdout.write(`${POLICIES} policies, ${cpus()[0]?.model ?? 'unknown processor'}, Node.js ${process.version}\n`);
for (const [name, decide, decisionsPerRound] of [
  ['isAuthorized', byIsAuthorized, 10],
  ['statefulIsAuthorized', byStatefulIsAuthorized, 200],
  ['closures', byClosures, 20_000],
] as const)
  process.stdout.write(`${name.padEnd(22)}${measure(decide, decisionsPerRound).toFixed(1)} µs per decision\n`);
