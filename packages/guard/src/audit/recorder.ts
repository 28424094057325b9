/** The two records of a call: OCSF 1.8 API Activity (class 6003), with the fields of MCP under `unmapped`. */
import { hash } from 'node:crypto';
import type { Call, Json, JsonObject, McpResult, Principal } from '../call.ts';
import type { AuditRecord, Recorder, Status, Trail } from './record.ts';
import type { Redactor } from './redact.ts';

const OCSF_VERSION = '1.8.0';
const PRODUCT = { name: 'Sallyport', vendor_name: 'Sallyport' };
const STATUS_ID: Readonly<Record<Status, number>> = { success: 1, refused: 2, error: 2, unknown: 0 };

export function createRecorder(redactor: Redactor): Recorder {
  return {
    intent: (trail) => record(trail, redactor, trail.startedAt, { phase: 'intent' }),
    outcome(trail, endedAt) {
      const status: Status = trail.error === undefined ? 'success' : trail.executed ? 'error' : 'refused';
      const ending = {
        phase: 'outcome', status, duration_ms: Math.round(endedAt - trail.startedAt),
        ...(trail.error !== undefined && { error_code: trail.error.row.errorCode }),
        ...(trail.result !== undefined && resultFields(trail.result)),
      };
      return record(trail, redactor, endedAt, ending, STATUS_ID[status]);
    },
  };
}

/** What recovery writes for an intent whose outcome nobody will ever know. */
export function unknownOutcome(intent: AuditRecord, now: number): AuditRecord {
  const unmapped = intent['unmapped'] as JsonObject;
  return { ...intent, status_id: 0, time: now, unmapped: { ...unmapped, phase: 'outcome', status: 'unknown' } };
}

/** What happened to the log itself: a recovery, a weakening at start. */
export function logRecord(event: string, fields: JsonObject, now: number): AuditRecord {
  return {
    activity_id: 99, api: { operation: event, service: { name: 'sallyport' } }, category_uid: 6, class_uid: 6003,
    metadata: { product: PRODUCT, version: OCSF_VERSION }, severity_id: 1, status_id: 1, time: now, type_uid: 600399,
    unmapped: { ...fields, phase: 'outcome', record_id: crypto.randomUUID(), status: 'success' },
  };
}

/** A phase field is last in the argument list because every record has one, and a status only outcomes. */
function record(trail: Trail, redactor: Redactor, time: number, ...[ending, statusId]: [ending: JsonObject, statusId?: number]): AuditRecord {
  const { call, principal, tenant } = trail;
  const activity = activityOf(call.method, trail);
  return {
    activity_id: activity,
    actor: actorOf(principal),
    api: { operation: call.method, request: { uid: trail.recordId }, service: { name: serverOf(call) ?? 'sallyport' } },
    category_uid: 6, class_uid: 6003,
    metadata: { correlation_uid: call.origin.correlationId, product: PRODUCT, version: OCSF_VERSION },
    severity_id: 1,
    src_endpoint: call.origin.address === '' ? { name: call.origin.transport } : { ip: call.origin.address },
    ...(statusId !== undefined && { status_id: statusId }),
    time, type_uid: 600300 + activity,
    unmapped: { ...mcpFields(trail, redactor), ...ending, record_id: trail.recordId, tenant_id: tenant?.id ?? '_' },
  };
}

function mcpFields(trail: Trail, redactor: Redactor): JsonObject {
  const { call, principal, definition, grant, approval } = trail;
  const tenant = trail.tenant?.id ?? '_';
  const first = !trail.executed;
  const input = call.params['arguments'];
  return {
    ...(approval !== undefined && { approval_id: approval.id, approver: approval.approver }),
    // The outcome of an executed call has its intent beside it, which says the arguments once.
    ...(first && typeof input === 'object' && input !== null && !Array.isArray(input) && { arguments: redactor.arguments(tenant, definition, input as JsonObject) }),
    ...(principal !== undefined && { client_id: principal.agent.clientId, actors: principal.agent.actors }),
    correlation_id: call.origin.correlationId,
    ...(grant !== undefined && { decision: { policies: grant.policies, revision: grant.revision } }),
    ...(definition !== undefined && { definition_digest: definition.digest, labels: definition.labels }),
    method: call.method,
    protocol_version: call.origin.protocolVersion,
    ...(serverOf(call) !== undefined && { server: serverOf(call) as string }),
    ...(call.session !== undefined && { session_id: hash('sha256', call.session.id, 'hex').slice(0, 32) }),
    ...targetName(trail, (name) => redactor.text(tenant, name)),
    ...(call.origin.traceparent !== undefined && { trace_id: call.origin.traceparent.slice(3, 35) }),
    ...(principal !== undefined && { user: { issuer: principal.user.issuer, subject: principal.user.subject } }),
  };
}

/** A name that was found is the server's; a name that was not is the caller's, so it is hashed. */
function targetName({ call, definition }: Trail, hashed: (name: string) => string): JsonObject {
  const { target } = call;
  if (definition !== undefined) return { tool_name: definition.name };
  return 'name' in target ? { tool_name: hashed(target.name) } : {};
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
function resultFields({ value, bytes, items }: McpResult): JsonObject {
  if (items !== undefined) return { result_items: items.length };
  const raw = bytes ?? Buffer.from(JSON.stringify(value));
  return { result_bytes: raw.length, result_digest: `sha256:${hash('sha256', raw, 'hex')}`, result_tokens: Math.ceil(raw.length / 4) };
}
