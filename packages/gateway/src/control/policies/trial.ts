/**
 * A call that nobody makes, judged by the functions that judge calls (invariant 3): what would happen, and why. Nothing
 * is executed, filed or counted; that somebody asked is recorded.
 */
import {
  GuardError,
  type Call,
  type Definition,
  type Grant,
  type Identity,
  type JsonObject,
  type PolicyRequest,
  type Principal,
  type Target,
} from '@sallyport/guard';
import { logRecord } from '@sallyport/guard/audit';
import { principalKey, type CallDemand } from '@sallyport/guard/stages';
import { z } from 'zod';
import type { ApiCaller } from '../api/access.ts';
import type { ApiDeps } from '../deps.ts';
import { ApiProblem } from '../problem.ts';

/** The functions that judge calls. */
export interface Trials {
  /** The approved definition that a target means. */
  find(target: Target): Definition | undefined;
  /** Whether somebody may know of a definition. */
  mayList(identity: Identity, definition: Definition): boolean;
  /** @returns the refusal of a call; `undefined` when it would be permitted. */
  judge(call: Call): Promise<GuardError | undefined>;
  /** Whom a call that is permitted would wait for. */
  demand(request: PolicyRequest, grant: Grant): CallDemand | undefined;
  /** Whether what `demand` says without arguments is so with all of them. */
  isDemandCertain(request: PolicyRequest, grant: Grant): boolean;
  /** The policies that would permit a call with some arguments, by id. */
  couldPermit(request: PolicyRequest): readonly string[];
}

const words = z.array(z.string().min(1).max(256)).max(256).default([]);

/** The methods that policies decide about, with the kind of what they name. */
const METHODS = { 'tools/call': 'tool', 'prompts/get': 'prompt', 'resources/read': 'resource' } as const;

/** Who would call. */
export const TRIAL_CALLER = {
  user: z.strictObject({
    issuer: z.string().min(1).max(2_048).optional().describe('That of the caller when left out.'),
    subject: z.string().min(1).max(256),
    roles: words,
    groups: words,
    claims: z.record(z.string(), z.json()).default({}),
  }),
  agent: z.string().max(256).default('').describe('Client id.'),
};

const callerSchema = z.strictObject(TRIAL_CALLER);

/** The body of a trial. */
export const TRIAL_BODY = z.strictObject({
  ...TRIAL_CALLER,
  tenant: z.string().max(128).optional().describe('The tenant that the caller acts in, and no other.'),
  server: z.string().min(1).max(32),
  method: z.enum(['tools/call', 'prompts/get', 'resources/read']).default('tools/call'),
  name: z.string().min(1).max(4_096).describe('Tool or prompt, or the URI of a resource.'),
  arguments: z.record(z.string(), z.json()).default({}),
});

/** Who would call what. */
export interface Trial {
  readonly identity: Identity;
  readonly call: Call;
  readonly definition: Definition | undefined;
  readonly input: JsonObject;
}

const DEADLINE_MS = 5_000;

/** Who would call, in the tenant of who asks. Each question has a principal of its own: nothing is remembered. */
export function trialIdentity(
  { user: asked, agent: clientId }: z.output<typeof callerSchema>,
  caller: ApiCaller,
): Identity {
  const { tenant } = caller;
  const { issuer = caller.principal.user.issuer, ...rest } = asked;
  const user = { issuer, ...rest, claims: rest.claims as JsonObject };
  const agent = { clientId, actors: [] };
  const principal: Principal = {
    user,
    agent,
    scopes: [],
    tenantClaim: tenant.id,
    tier: undefined,
    expiresAtMs: undefined,
    key: principalKey(user, agent, tenant.id),
  };
  return { principal, tenant };
}

/** Where a call would come from. */
const TRIAL_ORIGIN = {
  transport: 'embedded',
  era: 'modern',
  protocolVersion: '',
  address: '',
  traceparent: undefined,
  clientInfo: undefined,
} as const;

/** @throws ApiProblem for another tenant than that of the caller, which is answered like one that does not exist. */
export function trialOf(
  body: z.output<typeof TRIAL_BODY>,
  caller: ApiCaller,
  { trials }: Pick<ApiDeps, 'trials'>,
): Trial {
  const { tenant } = caller;
  if (body.tenant !== undefined && body.tenant !== tenant.id)
    throw new ApiProblem('NOT_FOUND', { detail: 'There is no such tenant.' });
  const identity = trialIdentity(body, caller);
  const { principal } = identity;
  const target: Target = { kind: METHODS[body.method], server: body.server, name: body.name };
  const input = body.arguments as JsonObject;
  const params = target.kind === 'resource' ? { uri: body.name } : { name: body.name, arguments: input };
  const call: Call = Object.freeze({
    method: body.method,
    target,
    params,
    rawArguments: Buffer.from(JSON.stringify(input)),
    credentials: { kind: 'on_behalf_of_call', principal } as const,
    session: undefined,
    deadlineMs: performance.now() + DEADLINE_MS,
    signal: AbortSignal.timeout(DEADLINE_MS),
    origin: { ...TRIAL_ORIGIN, correlationId: crypto.randomUUID() },
  });
  return { identity, call, definition: trials.find(target), input };
}

/** Records who asked about whom. The arguments stay out of it: they are nobody's call. */
export async function recordTrial(
  { audit, clock }: Pick<ApiDeps, 'audit' | 'clock'>,
  caller: ApiCaller,
  operation: 'policy.access' | 'policy.explain' | 'policy.try',
  { identity, target }: { readonly identity: Identity; readonly target: JsonObject },
  result: string,
): Promise<void> {
  const { user, agent } = caller.principal;
  const about = identity.principal.user;
  const fields = {
    user: { issuer: user.issuer, subject: user.subject },
    client_id: agent.clientId,
    about: { issuer: about.issuer, subject: about.subject, roles: about.roles, groups: about.groups },
    target,
    result,
  };
  try {
    await audit.append(caller.tenant.id, logRecord(operation, fields, clock.now()));
  } catch (cause) {
    throw new GuardError('audit_unavailable', { cause, retryAfterSeconds: 5 });
  }
}

/** What a policy is asked about a definition when the arguments are not known. */
export const openRequestOf = (identity: Identity, definition: Definition): PolicyRequest => ({
  ...identity,
  action: ACTIONS[definition.kind],
  definition,
  input: undefined,
  call: { session: undefined, origin: { ...TRIAL_ORIGIN, correlationId: '' } },
});

/** What a policy would be asked about the call. */
export const policyRequestOf = ({ identity, call, input }: Trial, definition: Definition): PolicyRequest => ({
  ...identity,
  action: ACTIONS[definition.kind],
  definition,
  input,
  call,
});

const ACTIONS = { tool: 'call', prompt: 'get', resource: 'read', resource_template: 'read', server: 'see' } as const;
