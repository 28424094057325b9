/**
 * What a policy sees of a question: the entities and the context. Attributes of the context that differ from call to call
 * are volatile: reading one is noted (the decision is then not remembered), and partial evaluation answers "unknown".
 */
import type { Definition, Json, JsonObject, Principal, Tenant } from '../call.ts';
import type { Action } from '../methods.ts';
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

const TYPES = {
  tool: 'Tool',
  prompt: 'Prompt',
  resource: 'Resource',
  resource_template: 'ResourceTemplate',
  server: 'Server',
} as const;
export const ACTIONS: Readonly<Record<Action, Entity>> = Object.fromEntries(
  (['see', 'call', 'read', 'get', 'complete', 'subscribe'] as const).map((name) => [name, namedEntity('Action', name)]),
) as Record<Action, Entity>;

const texts = (values: readonly string[]): Value => setOf(values);

const principals = new WeakMap<Principal, Entity>();

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

export function resourceEntity(definition: Definition): Entity {
  const known = resources.get(definition);
  if (known !== undefined) return known;
  const { server, kind, name, digest, labels, document } = definition;
  const annotations = document['annotations'];
  const attrs = new Map<string, Value>([
    ['server', server],
    ['name', name],
    ['labels', texts(labels)],
    ['pin', digest],
    [
      'annotations',
      jsonRecord(
        typeof annotations === 'object' && annotations !== null && !Array.isArray(annotations)
          ? (annotations as JsonObject)
          : {},
      ),
    ],
  ]);
  const id = kind === 'server' ? server : `${server}/${name}`;
  const entity: Entity = {
    kind: 'entity',
    type: TYPES[kind],
    id,
    uid: uidOf(TYPES[kind], id),
    attrs: recordOf(attrs),
    ancestors: new Set([uidOf('Server', server)]),
  };
  resources.set(definition, entity);
  return entity;
}

/** What one evaluation read of the volatile context. */
export interface Touch {
  volatile: boolean;
}

/** Attributes that differ from call to call. */
const VOLATILE = new Set(['args', 'session', 'labels', 'time', 'source_ip', 'mtls', 'approval']);
/** Those that are the same for every call as yet: a list knows them as well as a call does. */
const SAME = new Set(['labels', 'mtls', 'approval']);
/** Those that every call has, known or not. */
const ALWAYS = new Set(['args', 'labels', 'time', 'mtls']);

export function contextRecord(question: PolicyRequest, touch: Touch, nowMs: number): RecordValue {
  const partial = question.input === undefined;
  const agent = agentRecord(question.principal);
  const get = (attr: string): Value | undefined => {
    if (attr === 'agent') return agent;
    if (!VOLATILE.has(attr)) return undefined;
    touch.volatile = true;
    return partial && !SAME.has(attr) ? UNKNOWN : volatile(attr, question, nowMs);
  };
  return {
    kind: 'record',
    get,
    has(attr) {
      if (attr === 'agent') return true;
      if (!VOLATILE.has(attr)) return false;
      touch.volatile = true;
      if (ALWAYS.has(attr)) return true;
      return partial && !SAME.has(attr) ? UNKNOWN : get(attr) !== undefined;
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
  if (typeof value !== 'object' || value === null || Array.isArray(value) || !Object.hasOwn(value, name))
    return undefined;
  return (value as JsonObject)[name];
}

function jsonValue(json: Json, schema: Json | undefined): Value {
  if (typeof json === 'boolean' || typeof json === 'string') return json;
  if (typeof json === 'number') return number(json, schema);
  if (json === null) throw new EvaluationError('null inside a list has no Cedar value');
  return Array.isArray(json)
    ? setOf((json as readonly Json[]).map((item) => jsonValue(item, memberOf(schema, 'items'))))
    : jsonRecord(json as JsonObject, schema);
}

/** What the schema calls a number is a decimal also when it is whole: a policy could judge 50.5 or 50, and never both. */
function number(value: number, schema: Json | undefined): Value {
  if (!Number.isInteger(value)) return fraction(value);
  return memberOf(schema, 'type') === 'number' ? decimal(`${BigInt(value)}.0`) : BigInt(value);
}

/** Cedar has no floating point: up to four digits are a decimal, more are an error when somebody reads them. */
function fraction(value: number): Value {
  const text = String(value);
  if (!/^-?\d+\.\d{1,4}$/.test(text)) throw new EvaluationError('the number has no Cedar value');
  return decimal(text);
}
