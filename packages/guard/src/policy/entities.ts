/**
 * What a policy can read: the entities and the context. Attributes of the context that differ from call to call are
 * volatile: a decision that reads one is not remembered, and in partial evaluation their value is unknown.
 */
import type { Definition, Json, JsonObject, Principal, Tenant } from '../call.ts';
import { ACTIONS, type Action } from '../methods.ts';
import { asObject, isObject } from '../json/is-object.ts';
import type { PolicyRequest } from '../ports.ts';
import { decimal, ip } from './extensions.ts';
import {
  EvaluationError,
  namedEntity,
  recordOf,
  setOf,
  uidOf,
  UNKNOWN,
  type Entity,
  type RecordValue,
  type Value,
} from './values.ts';

/** The Cedar entity type of each kind of definition. */
const ENTITY_TYPE = {
  tool: 'Tool',
  prompt: 'Prompt',
  resource: 'Resource',
  resource_template: 'ResourceTemplate',
  server: 'Server',
} as const;

/** The entity of each action. */
export const ACTION_ENTITIES: Readonly<Record<Action, Entity>> = Object.fromEntries(
  ACTIONS.map((name) => [name, namedEntity('Action', name)]),
) as Record<Action, Entity>;

const texts = (values: readonly string[]): Value => setOf(values);

/** By object: see the contract of `Principal`. */
const principals = new WeakMap<Principal, Entity>();

/** The user of a principal as a Cedar entity, in its roles, groups and tenant. */
export function principalEntity(principal: Principal, tenant: Tenant): Entity {
  const known = principals.get(principal);
  if (known !== undefined) return known;
  const { issuer, subject, roles, groups, claims } = principal.user;
  const attrs = new Map<string, Value>([
    ['issuer', issuer],
    ['subject', subject],
    ['tenant', tenant.id],
    ['roles', texts(roles)],
    ['groups', texts(groups)],
    ['scopes', texts(principal.scopes)],
    ['claims', jsonRecord(claims)],
  ]);
  const ancestors = new Set([
    ...roles.map((role) => uidOf('Role', role)),
    ...groups.map((group) => uidOf('Group', group)),
    uidOf('Tenant', tenant.id),
  ]);
  const id = `${issuer}|${subject}`;
  const entity: Entity = {
    kind: 'entity',
    type: 'User',
    id,
    uid: uidOf('User', id),
    attrs: recordOf(attrs),
    ancestors,
  };
  principals.set(principal, entity);
  return entity;
}

const resources = new WeakMap<Definition, Entity>();

/** A definition as a Cedar entity, in its server. */
export function resourceEntity(definition: Definition): Entity {
  const known = resources.get(definition);
  if (known !== undefined) return known;
  const { server, kind, name, digest, labels, document } = definition;
  const attrs = new Map<string, Value>([
    ['server', server],
    ['name', name],
    ['labels', texts(labels)],
    ['pin', digest],
    ['annotations', jsonRecord(asObject(document['annotations']))],
  ]);
  const id = kind === 'server' ? server : `${server}/${name}`;
  const entity: Entity = {
    kind: 'entity',
    type: ENTITY_TYPE[kind],
    id,
    uid: uidOf(ENTITY_TYPE[kind], id),
    attrs: recordOf(attrs),
    ancestors: new Set([uidOf('Server', server)]),
  };
  resources.set(definition, entity);
  return entity;
}

/** What one evaluation has read. */
export interface ContextReads {
  /** True once a volatile attribute was read. */
  volatile: boolean;
}

/** Attributes that differ from call to call. */
const VOLATILE = new Set(['args', 'session', 'labels', 'time', 'source_ip', 'mtls', 'approval']);
/** Volatile ones that have the same value for every call so far, so that lists know them too. */
const CONSTANT = new Set(['labels', 'mtls', 'approval']);
/** Volatile ones that every call has. */
const ALWAYS_PRESENT = new Set(['args', 'labels', 'time', 'mtls']);

/** `context` of one request. Each attribute is computed when a policy reads it. */
export function contextRecord(request: PolicyRequest, reads: ContextReads, nowMs: number): RecordValue {
  const partial = request.input === undefined;
  const agent = agentRecord(request.principal);
  const get = (attr: string): Value | undefined => {
    if (attr === 'agent') return agent;
    if (!VOLATILE.has(attr)) return undefined;
    reads.volatile = true;
    return partial && !CONSTANT.has(attr) ? UNKNOWN : volatile(attr, request, nowMs);
  };
  return {
    kind: 'record',
    get,
    has(attr) {
      if (attr === 'agent') return true;
      if (!VOLATILE.has(attr)) return false;
      reads.volatile = true;
      if (ALWAYS_PRESENT.has(attr)) return true;
      return partial && !CONSTANT.has(attr) ? UNKNOWN : get(attr) !== undefined;
    },
    entries: () =>
      ['agent', ...VOLATILE].flatMap((attr) => {
        const value = get(attr);
        return value === undefined ? [] : [[attr, value] as const];
      }),
  };
}

function volatile(attr: string, { input, call, definition }: PolicyRequest, nowMs: number): Value | undefined {
  switch (attr) {
    case 'args':
      return jsonRecord(input ?? {}, definition.document['inputSchema']);
    case 'session':
      return call.session?.id;
    case 'labels':
      return setOf([]);
    case 'time':
      return { kind: 'datetime', amount: BigInt(Math.trunc(nowMs)) };
    case 'source_ip':
      return call.origin.address === '' ? undefined : ip(call.origin.address.replace(/^::ffff:(?=\d+\.)/i, ''));
    case 'mtls':
      return false;
    default:
      return undefined;
  }
}

const agentRecord = ({ agent }: Principal): RecordValue =>
  recordOf(
    new Map<string, Value>([
      ['client_id', agent.clientId],
      ['actors', texts(agent.actors)],
    ]),
  );

/**
 * A JSON object as a Cedar record, converted attribute by attribute when read. `null` is an absent attribute.
 * @param schema JSON Schema of the object, where there is one.
 */
export function jsonRecord(object: JsonObject, schema?: Json): RecordValue {
  const present = (attr: string): boolean => Object.hasOwn(object, attr) && object[attr] !== null;
  const valueAt = (attr: string): Value =>
    jsonValue(object[attr] as Json, memberOf(memberOf(schema, 'properties'), attr));
  return {
    kind: 'record',
    has: present,
    get: (attr) => (present(attr) ? valueAt(attr) : undefined),
    entries: () =>
      Object.keys(object)
        .filter(present)
        .map((attr) => [attr, valueAt(attr)] as const),
  };
}

function memberOf(value: Json | undefined, name: string): Json | undefined {
  return isObject(value) && Object.hasOwn(value, name) ? value[name] : undefined;
}

function jsonValue(json: Json, schema: Json | undefined): Value {
  if (typeof json === 'boolean' || typeof json === 'string') return json;
  if (typeof json === 'number') return number(json, schema);
  if (json === null) throw new EvaluationError('null inside a list has no Cedar value');
  return Array.isArray(json)
    ? setOf((json as readonly Json[]).map((item) => jsonValue(item, memberOf(schema, 'items'))))
    : jsonRecord(json as JsonObject, schema);
}

/**
 * A value of schema type `number` is a decimal even when it is whole: else no policy could compare both 50.5 and 50.
 */
function number(value: number, schema: Json | undefined): Value {
  if (!Number.isInteger(value)) return fraction(value);
  return memberOf(schema, 'type') === 'number' ? decimal(`${BigInt(value)}.0`) : BigInt(value);
}

/**
 * Cedar has no floating point: up to four fractional digits are a decimal, more are an error when a policy reads them.
 */
function fraction(value: number): Value {
  const text = String(value);
  if (!/^-?\d+\.\d{1,4}$/.test(text)) throw new EvaluationError('the number has no Cedar value');
  return decimal(text);
}
