/** The two records of a call: OCSF 1.8 API Activity (class 6003), with the fields of MCP under `unmapped`. */
import { hash } from 'node:crypto';
import type { Call, Json, JsonObject, McpResult, Principal, Session } from '../call.ts';
import type { AuditRecord, Recorder, OutcomeStatus, Trail } from './record.ts';
import type { Redactor } from './redact.ts';

const OCSF_VERSION = '1.8.0';
const PRODUCT = { name: 'Sallyport', vendor_name: 'Sallyport' };
const STATUS_ID: Readonly<Record<OutcomeStatus, number>> = { success: 1, refused: 2, error: 2, unknown: 0 };

export function createRecorder(redactor: Redactor): Recorder {
  return {
    intent: (trail) => record(trail, redactor, { phase: 'intent', time: trail.startedAtMs }),
    outcome(trail, endedAt) {
      const status: OutcomeStatus = trail.error === undefined ? 'success' : trail.executed ? 'error' : 'refused';
      return record(trail, redactor, { phase: 'outcome', time: endedAt, status });
    },
  };
}

/** What the two records of a call differ in, beside what the trail knows by then. */
type Moment =
  | { readonly phase: 'intent'; readonly time: number }
  | { readonly phase: 'outcome'; readonly time: number; readonly status: OutcomeStatus };

/** What recovery writes for an intent whose outcome nobody will ever know. */
export function unknownOutcome(intent: AuditRecord, now: number): AuditRecord {
  const unmapped = intent['unmapped'] as JsonObject;
  return { ...intent, status_id: 0, time: now, unmapped: { ...unmapped, phase: 'outcome', status: 'unknown' } };
}

/** What happened to the log itself: a recovery, a weakening at start. */
export function logRecord(event: string, fields: JsonObject, now: number): AuditRecord {
  return {
    activity_id: 99,
    api: { operation: event, service: { name: 'sallyport' } },
    category_uid: 6,
    class_uid: 6003,
    metadata: { product: PRODUCT, version: OCSF_VERSION },
    severity_id: 1,
    status_id: 1,
    time: now,
    type_uid: 600399,
    unmapped: { ...fields, phase: 'outcome', record_id: crypto.randomUUID(), status: 'success' },
  };
}

/**
 * Members are written in the order of RFC 8785, here and in what follows: a record is canonical as it is built, and
 * writing it costs one pass of the engine's own serialiser (`canonicalize`).
 */
function record(trail: Trail, redactor: Redactor, moment: Moment): AuditRecord {
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
  if (moment.phase === 'outcome') fields['status_id'] = STATUS_ID[moment.status];
  fields['time'] = moment.time;
  fields['type_uid'] = 600300 + activity;
  fields['unmapped'] = mcpFields(trail, redactor, moment);
  return fields;
}

function mcpFields(trail: Trail, redactor: Redactor, moment: Moment): JsonObject {
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
  if (approval !== undefined) fields['approver'] = approval.approver;
  const input = argumentsOf(trail);
  if (input !== undefined) fields['arguments'] = redactor.arguments(tenant, definition, input);
  if (principal !== undefined) fields['client_id'] = principal.agent.clientId;
  fields['correlation_id'] = origin.correlationId;
  if (grant !== undefined) fields['decision'] = { policies: grant.policies, revision: grant.revision };
  if (definition !== undefined) fields['definition_digest'] = definition.digest;
  if (moment.phase === 'outcome') fields['duration_ms'] = Math.round(moment.time - trail.startedAtMs);
  if (trail.error !== undefined) fields['error_code'] = trail.error.row.errorCode;
  if (definition !== undefined) fields['labels'] = definition.labels;
  fields['method'] = method;
  fields['phase'] = moment.phase;
  fields['protocol_version'] = origin.protocolVersion;
  fields['record_id'] = trail.recordId;
  if (trail.result !== undefined) addResult(fields, trail.result);
  const server = serverOf(trail.call);
  if (server !== undefined) fields['server'] = server;
  if (session !== undefined) fields['session_id'] = sessionDigest(session);
  if (moment.phase === 'outcome') fields['status'] = moment.status;
  fields['tenant_id'] = tenant;
  const name = targetName(trail, (text) => redactor.text(tenant, text));
  if (name !== undefined) fields['tool_name'] = name;
  if (origin.traceparent !== undefined) fields['trace_id'] = origin.traceparent.slice(3, 35);
  if (principal !== undefined) fields['user'] = { issuer: principal.user.issuer, subject: principal.user.subject };
  return fields;
}

/** The outcome of an executed call has its intent beside it, which says the arguments once. */
function argumentsOf({ call, definition, executed }: Trail): JsonObject | undefined {
  if (executed) return undefined;
  const { arguments: input, uri } = call.params;
  // The name of a template is not the address that was read.
  if (definition?.kind === 'resource_template' && typeof uri === 'string') return { uri };
  return typeof input === 'object' && input !== null && !Array.isArray(input) ? (input as JsonObject) : undefined;
}

const digests = new WeakMap<Session, string>();

/** The id itself is a credential. Remembered, because a session makes many calls. */
function sessionDigest(session: Session): string {
  let digest = digests.get(session);
  if (digest === undefined) digests.set(session, (digest = hash('sha256', session.id, 'hex').slice(0, 32)));
  return digest;
}

/** A name that was found is the server's; a name that was not is the caller's, so it is hashed. */
function targetName({ call: { target }, definition }: Trail, hashed: (name: string) => string): string | undefined {
  if (definition !== undefined) return definition.name;
  return 'name' in target ? hashed(target.name) : undefined;
}

function serverOf({ target }: Call): string | undefined {
  if (target.kind === 'servers') return target.servers.length === 1 ? target.servers[0] : '*';
  return 'server' in target ? target.server : undefined;
}

function actorOf(principal: Principal | undefined): JsonObject {
  if (principal === undefined) return { user: { name: 'unauthenticated' } };
  return { app_uid: principal.agent.clientId, user: { domain: principal.user.issuer, uid: principal.user.subject } };
}

/** OCSF: 2 = Read, 99 = Other. What a tool does is only hinted at, so nothing else is claimed. */
function activityOf(method: string, { definition }: Trail): number {
  const hints = definition?.document['annotations'] as { readonly readOnlyHint?: Json } | undefined;
  return method !== 'tools/call' || hints?.readOnlyHint === true ? 2 : 99;
}

/** Tokens are an estimate: four bytes each, which is what English text comes to with current tokenizers. */
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
