/** A Cedar schema in JSON form for one definition, made from what was approved: argument names and types come from its JSON Schema. */
import type { Definition, Json, JsonObject } from '@sallyport/guard';

type CedarType = JsonObject;

const STRING = { type: 'String' };
const STRINGS = { type: 'Set', element: STRING };
const ext = (name: string): CedarType => ({ type: 'Extension', name });
const record = (attributes: JsonObject): CedarType => ({ type: 'Record', attributes });
const required = (type: CedarType): CedarType => ({ ...type, required: true });
const optional = (type: CedarType): CedarType => ({ ...type, required: false });

/** Cedar entity types and actions that policies may speak of. */
export const ENTITY_TYPES: readonly string[] = ['User', 'Role', 'Group', 'Tenant', 'Server', 'Tool', 'Prompt', 'Resource', 'ResourceTemplate', 'Action'];
export const ACTION_NAMES: readonly string[] = ['see', 'call', 'read', 'get', 'complete', 'subscribe'];

const USER = record({
  issuer: required(STRING), subject: required(STRING), tenant: required(STRING), roles: required(STRINGS), groups: required(STRINGS),
  scopes: required(STRINGS), claims: required(record({})),
});
const HINTS = ['readOnlyHint', 'destructiveHint', 'idempotentHint', 'openWorldHint'];
const THING = record({
  server: required(STRING), name: required(STRING), pin: required(STRING), labels: required(STRINGS),
  annotations: required(record({ ...Object.fromEntries(HINTS.map((hint) => [hint, optional({ type: 'Boolean' })])), title: optional(STRING) })),
});

export interface DefinitionSchema {
  readonly schema: JsonObject;
  /** Arguments that have no one Cedar type; a policy that reads one cannot be type-checked. */
  readonly untyped: ReadonlySet<string>;
}

export function cedarSchema(definition: Definition): DefinitionSchema {
  const { attributes, untyped } = argumentTypes(definition);
  const context = record({
    agent: required(record({ client_id: required(STRING), actors: required(STRINGS) })), args: required(record(attributes)), labels: required(STRINGS),
    time: required(ext('datetime')), mtls: required({ type: 'Boolean' }), source_ip: optional(ext('ipaddr')), session: optional(STRING), approval: optional(STRING),
  });
  const applies = { principalTypes: ['User'], resourceTypes: ['Tool', 'Prompt', 'Resource', 'ResourceTemplate'], context };
  const thing = { memberOfTypes: ['Server'], shape: THING };
  const schema = {
    '': {
      entityTypes: {
        User: { memberOfTypes: ['Role', 'Group', 'Tenant'], shape: USER }, Role: {}, Group: {}, Tenant: {}, Server: {},
        Tool: thing, Prompt: thing, Resource: thing, ResourceTemplate: thing,
      },
      actions: Object.fromEntries(ACTION_NAMES.map((name) => [name, { appliesTo: applies }])),
    },
  };
  return { schema: schema as unknown as JsonObject, untyped };
}

/** Names of the arguments that a definition takes; `undefined` when it takes any. */
export function argumentNames(definition: Definition): readonly string[] | undefined {
  const { document, kind } = definition;
  if (kind === 'prompt') return (Array.isArray(document['arguments']) ? (document['arguments'] as readonly { name?: string }[]) : []).map((one) => String(one.name));
  if (kind !== 'tool') return ['uri'];
  const schema = document['inputSchema'] as JsonObject | undefined;
  return schema?.['properties'] === undefined ? undefined : Object.keys(schema['properties'] as JsonObject);
}

function argumentTypes(definition: Definition): { attributes: JsonObject; untyped: ReadonlySet<string> } {
  const untyped = new Set<string>();
  if (definition.kind !== 'tool') return { attributes: Object.fromEntries((argumentNames(definition) ?? []).map((name) => [name, optional(STRING)])), untyped };
  const schema = (definition.document['inputSchema'] ?? {}) as JsonObject;
  const needed = new Set(Array.isArray(schema['required']) ? (schema['required'] as readonly Json[]) : []);
  const attributes: Record<string, Json> = {};
  for (const [name, property] of Object.entries((schema['properties'] ?? {}) as JsonObject)) {
    const type = cedarType(property);
    if (type === undefined) untyped.add(name);
    else attributes[name] = needed.has(name) ? required(type) : optional(type);
  }
  return { attributes, untyped };
}

function cedarType(schema: Json): CedarType | undefined {
  if (typeof schema !== 'object' || schema === null || Array.isArray(schema)) return undefined;
  const { type, items, properties, required: needed } = schema as JsonObject;
  switch (type) {
    case 'string': return STRING;
    case 'integer': return { type: 'Long' };
    case 'number': return ext('decimal');
    case 'boolean': return { type: 'Boolean' };
    case 'array': {
      const element = items === undefined ? undefined : cedarType(items);
      return element && { type: 'Set', element };
    }
    case 'object': {
      const fields = Object.entries((properties ?? {}) as JsonObject).flatMap(([name, property]) => {
        const field = cedarType(property);
        return field === undefined ? [] : [[name, Array.isArray(needed) && (needed as readonly Json[]).includes(name) ? required(field) : optional(field)] as const];
      });
      return record(Object.fromEntries(fields));
    }
    default: return undefined;
  }
}
