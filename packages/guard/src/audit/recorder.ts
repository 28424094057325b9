/** The two records of a call: OCSF 1.8 API Activity (class 6003), with the fields of MCP under `unmapped`. */
import { hash } from 'node:crypto';
import type { Call, Json, JsonObject, McpResult, Principal, Session, Target } from '../call.ts';
import { asObject, isObject } from '../json/is-object.ts';
import type { AuditRecord, Recorder, OutcomeStatus, Trail } from './record.ts';
import type { Redactor } from './redact.ts';

const OCSF_VERSION = '1.8.0';
const PRODUCT = { name: 'Sallyport', vendor_name: 'Sallyport' };
const STATUS_ID: Readonly<Record<OutcomeStatus, number>> = { success: 1, refused: 2, error: 2, unknown: 0 };

/**
 * The name of what a target means, if a server has it; also where the caller may not know of it.
 *
 * @example
 * ```ts
 * const nameIn = (catalog: Catalog): KnownName => (target) => catalog.find(target)?.name;
 * ```
 */
export type KnownName = (target: Target) => string | undefined;

/**
 * Makes the two records of a call, with its arguments redacted.
 *
 * @param knownName lets an auditor read which hidden tool somebody called: a name that a server has is no secret of the
 * caller.
 *
 * @example
 * ```ts
 * const key = new Uint8Array(32).fill(1);
 * const recorder = createRecorder(createRedactor({ keyOf: () => key, clear: () => [] }));
 * ```
 */
export function createRecorder(redactor: Redactor, knownName: KnownName = () => undefined): Recorder {
  const names = { redactor, knownName };
  return {
    intent: (trail) => record(trail, names, { name: 'intent', timeMs: trail.startedAtMs }),
    outcome: (trail, endedAtMs) =>
      record(trail, names, { name: 'outcome', timeMs: endedAtMs, status: statusOf(trail) }),
  };
}

/** What stands in a record for text of the caller. */
interface Names {
  readonly redactor: Redactor;
  readonly knownName: KnownName;
}

function statusOf({ error, executed }: Trail): OutcomeStatus {
  if (error === undefined) return 'success';
  return executed ? 'error' : 'refused';
}

/** What differs between the two records of a call, besides what the trail knows by then. */
type Phase =
  | { readonly name: 'intent'; readonly timeMs: number }
  | { readonly name: 'outcome'; readonly timeMs: number; readonly status: OutcomeStatus };

/**
 * The outcome record that recovery writes for an intent without one: the process ended while the call ran.
 *
 * @example
 * ```ts
 * const closing = (intent: AuditRecord): AuditRecord => unknownOutcome(intent, Date.now());
 * ```
 */
export function unknownOutcome(intent: AuditRecord, nowMs: number): AuditRecord {
  const unmapped = intent['unmapped'] as JsonObject;
  return { ...intent, status_id: 0, time: nowMs, unmapped: { ...unmapped, phase: 'outcome', status: 'unknown' } };
}

/**
 * A record that belongs to no call: a recovery of the log, the weakenings at start.
 *
 * @example
 * ```ts
 * const started = logRecord('gateway.start', { weakenings: [] }, Date.now());
 * ```
 */
export function logRecord(event: string, fields: JsonObject, nowMs: number): AuditRecord {
  return {
    activity_id: 99,
    api: { operation: event, service: { name: 'sallyport' } },
    category_uid: 6,
    class_uid: 6003,
    metadata: { product: PRODUCT, version: OCSF_VERSION },
    severity_id: 1,
    status_id: 1,
    time: nowMs,
    type_uid: 600399,
    unmapped: { ...fields, phase: 'outcome', record_id: crypto.randomUUID(), status: 'success' },
  };
}

/**
 * A record of a change of the installation. As with a call, its intent is written before anything is changed, and its
 * outcome after it; one whose process ended in between gets the outcome `unknown` from recovery.
 *
 * @param id the same for both records.
 * @param status of the outcome; `undefined` for the intent.
 * @example
 * ```ts
 * const intent = changeRecord('pin.approve', { server: 'crm' }, crypto.randomUUID(), undefined, Date.now());
 * ```
 */
export function changeRecord(
  event: string,
  fields: JsonObject,
  id: string,
  status: 'success' | 'error' | undefined,
  nowMs: number,
): AuditRecord {
  const { status_id: _, unmapped, ...common } = logRecord(event, fields, nowMs);
  const { status: __, ...more } = unmapped as JsonObject;
  if (status === undefined) return { ...common, unmapped: { ...more, phase: 'intent', record_id: id } };
  return { ...common, status_id: STATUS_ID[status], unmapped: { ...more, record_id: id, status } };
}

/**
 * Members are written in the order of RFC 8785, here and in the functions below: a record is canonical as it is built,
 * so writing it costs one pass of the engine's own serialiser (`canonicalize`).
 */
function record(trail: Trail, names: Names, phase: Phase): AuditRecord {
  const { call, principal } = trail;
  const activity = activityOf(call.method, trail);
  const fields: Record<string, Json> = {
    activity_id: activity,
    actor: actorOf(principal),
    api: { operation: call.method, request: { uid: trail.recordId }, service: { name: serverOf(call) ?? 'sallyport' } },
    category_uid: 6,
    class_uid: 6003,
    metadata: { correlation_uid: call.origin.correlationId, product: PRODUCT, version: OCSF_VERSION },
    severity_id: 1,
    src_endpoint: call.origin.address === '' ? { name: call.origin.transport } : { ip: call.origin.address },
  };
  if (phase.name === 'outcome') fields['status_id'] = STATUS_ID[phase.status];
  fields['time'] = phase.timeMs;
  fields['type_uid'] = 600300 + activity;
  fields['unmapped'] = mcpFields(trail, names, phase);
  return fields;
}

function mcpFields(trail: Trail, { redactor, knownName }: Names, phase: Phase): JsonObject {
  const {
    call: { origin, method, session },
    principal,
    definition,
    grant,
    approval,
  } = trail;
  const tenant = trail.tenant?.id ?? '_';
  const fields: Record<string, Json> = {};
  if (principal !== undefined) fields['actors'] = principal.agent.actors;
  if (approval !== undefined) fields['approval_id'] = approval.id;
  if (approval !== undefined)
    fields['approvers'] = approval.approvers.map(({ issuer, subject }) => ({ issuer, subject }));
  const input = argumentsOf(trail);
  if (input !== undefined) fields['arguments'] = redactor.arguments(tenant, definition, input);
  if (principal !== undefined) fields['client_id'] = principal.agent.clientId;
  fields['correlation_id'] = origin.correlationId;
  if (grant !== undefined) fields['decision'] = { policies: grant.policies, revision: grant.revision };
  if (definition !== undefined) fields['definition_digest'] = definition.digest;
  if (phase.name === 'outcome') fields['duration_ms'] = Math.round(phase.timeMs - trail.startedAtMs);
  if (trail.error !== undefined) fields['error_code'] = trail.error.row.errorCode;
  if (definition !== undefined) fields['labels'] = definition.labels;
  fields['method'] = method;
  fields['phase'] = phase.name;
  fields['protocol_version'] = origin.protocolVersion;
  fields['record_id'] = trail.recordId;
  if (trail.result !== undefined) addResult(fields, trail.result);
  const server = serverOf(trail.call);
  if (server !== undefined) fields['server'] = server;
  if (session !== undefined) fields['session_id'] = sessionDigest(session);
  if (phase.name === 'outcome') fields['status'] = phase.status;
  fields['tenant_id'] = tenant;
  const name = targetName(trail, knownName, (text) => redactor.text(tenant, text));
  if (name !== undefined) fields['tool_name'] = name;
  if (origin.traceparent !== undefined) fields['trace_id'] = origin.traceparent.slice(3, 35);
  if (principal !== undefined) fields['user'] = { issuer: principal.user.issuer, subject: principal.user.subject };
  return fields;
}

/** An executed call has an intent record, which has the arguments already. */
function argumentsOf({ call, definition, executed }: Trail): JsonObject | undefined {
  if (executed) return undefined;
  const { arguments: input, uri } = call.params;
  // The name of a template does not tell which resource was read.
  if (definition?.kind === 'resource_template' && typeof uri === 'string') return { uri };
  return isObject(input) ? input : undefined;
}

const digests = new WeakMap<Session, string>();

/** The id itself is a credential, so the record has its hash. Remembered, because a session makes many calls. */
function sessionDigest(session: Session): string {
  const known = digests.get(session);
  if (known !== undefined) return known;
  const digest = hash('sha256', session.id, 'hex').slice(0, 32);
  digests.set(session, digest);
  return digest;
}

/** A name that was found is the server's, also when it is hidden. Any other is text of the caller, and is hashed. */
function targetName(
  { call: { target }, definition }: Trail,
  knownName: KnownName,
  hashed: (name: string) => string,
): string | undefined {
  if (definition !== undefined) return definition.name;
  return 'name' in target ? (knownName(target) ?? hashed(target.name)) : undefined;
}

function serverOf({ target }: Call): string | undefined {
  if (target.kind === 'servers') return target.servers.length === 1 ? target.servers[0] : '*';
  return 'server' in target ? target.server : undefined;
}

function actorOf(principal: Principal | undefined): JsonObject {
  if (principal === undefined) return { user: { name: 'unauthenticated' } };
  return { app_uid: principal.agent.clientId, user: { domain: principal.user.issuer, uid: principal.user.subject } };
}

/** OCSF: 2 = Read, 99 = Other. Annotations are hints, so the record claims nothing more. */
function activityOf(method: string, { definition }: Trail): number {
  const hints = asObject(definition?.document['annotations']);
  return method !== 'tools/call' || hints['readOnlyHint'] === true ? 2 : 99;
}

/** Tokens are an estimate: four bytes each, the average of English text with current tokenizers. */
function addResult(fields: Record<string, Json>, { value, bytes, items }: McpResult): void {
  if (items !== undefined) {
    fields['result_items'] = items.length;
    return;
  }
  const raw = bytes ?? Buffer.from(JSON.stringify(value));
  fields['result_bytes'] = raw.length;
  fields['result_digest'] = `sha256:${hash('sha256', raw, 'hex')}`;
  fields['result_tokens'] = Math.ceil(raw.length / 4);
}
