/** The Cedar schema of one definition, in JSON form. Names and types of arguments come from the pinned JSON Schema. */
import { ACTIONS, type Definition, type Json, type JsonObject } from '@sallyport/guard';

type CedarType = JsonObject;

const STRING = { type: 'String' };
const STRINGS = { type: 'Set', element: STRING };
const ext = (name: string): CedarType => ({ type: 'Extension', name });
const record = (attributes: JsonObject): CedarType => ({ type: 'Record', attributes });
const required = (type: CedarType): CedarType => ({ ...type, required: true });
const optional = (type: CedarType): CedarType => ({ ...type, required: false });

/** The Cedar entity types that policies may name. */
export const ENTITY_TYPES: readonly string[] = [
  'User',
  'Role',
  'Group',
  'Tenant',
  'Server',
  'Tool',
  'Prompt',
  'Resource',
  'ResourceTemplate',
  'Action',
];
/** The actions that policies may name. */
export const ACTION_NAMES: readonly string[] = ACTIONS;

const USER = record({
  issuer: required(STRING),
  subject: required(STRING),
  tenant: required(STRING),
  roles: required(STRINGS),
  groups: required(STRINGS),
  scopes: required(STRINGS),
  claims: required(record({})),
});
const HINTS = ['readOnlyHint', 'destructiveHint', 'idempotentHint', 'openWorldHint'];
const DEFINITION_ATTRIBUTES = record({
  server: required(STRING),
  name: required(STRING),
  pin: required(STRING),
  labels: required(STRINGS),
  annotations: required(
    record({
      ...Object.fromEntries(HINTS.map((hint) => [hint, optional({ type: 'Boolean' })])),
      title: optional(STRING),
    }),
  ),
});

/** The schema for one definition, and the arguments that it says nothing about. */
export interface DefinitionSchema {
  readonly schema: JsonObject;
  /**
   * True when an argument has no single Cedar type or is not declared: a policy that reads it cannot be type-checked.
   */
  untyped(argument: string): boolean;
}

/** @param definition a pinned tool, prompt, resource or resource template. */
export function cedarSchema(definition: Definition): DefinitionSchema {
  const { attributes, undeclared, untyped } = argumentTypes(definition);
  const context = record({
    agent: required(record({ client_id: required(STRING), actors: required(STRINGS) })),
    args: required(record(attributes)),
    labels: required(STRINGS),
    time: required(ext('datetime')),
    mtls: required({ type: 'Boolean' }),
    source_ip: optional(ext('ipaddr')),
    session: optional(STRING),
    approval: optional(STRING),
  });
  const applies = {
    principalTypes: ['User'],
    resourceTypes: ['Tool', 'Prompt', 'Resource', 'ResourceTemplate'],
    context,
  };
  const definitionType = { memberOfTypes: ['Server'], shape: DEFINITION_ATTRIBUTES };
  const schema = {
    '': {
      entityTypes: {
        User: { memberOfTypes: ['Role', 'Group', 'Tenant'], shape: USER },
        Role: {},
        Group: {},
        Tenant: {},
        Server: {},
        Tool: definitionType,
        Prompt: definitionType,
        Resource: definitionType,
        ResourceTemplate: definitionType,
      },
      actions: Object.fromEntries(ACTION_NAMES.map((name) => [name, { appliesTo: applies }])),
    },
  };
  return {
    schema: schema as unknown as JsonObject,
    untyped: (name) => untyped.has(name) || (undeclared && !Object.hasOwn(attributes, name)),
  };
}

/** Names of the arguments that a definition takes; `undefined` when it takes any. */
export function argumentNames(definition: Definition): readonly string[] | undefined {
  const { document, kind } = definition;
  if (kind === 'prompt')
    return (Array.isArray(document['arguments']) ? (document['arguments'] as readonly { name?: string }[]) : []).map(
      (argument) => String(argument.name),
    );
  if (kind !== 'tool') return ['uri'];
  const schema = (document['inputSchema'] ?? {}) as JsonObject;
  return isOpen(schema) ? undefined : Object.keys(schema['properties'] as JsonObject);
}

/** Keywords that can declare properties besides `properties`. */
const DECLARING = ['$ref', 'allOf', 'anyOf', 'oneOf', 'if', 'patternProperties', 'dependentSchemas'];
const isOpen = (schema: JsonObject): boolean =>
  schema['properties'] === undefined ||
  (schema['additionalProperties'] ?? false) !== false ||
  DECLARING.some((keyword) => Object.hasOwn(schema, keyword));

interface ArgumentTypes {
  readonly attributes: JsonObject;
  /** True when a call may have arguments that are not declared. */
  readonly undeclared: boolean;
  readonly untyped: ReadonlySet<string>;
}

function argumentTypes(definition: Definition): ArgumentTypes {
  const untyped = new Set<string>();
  const names = argumentNames(definition);
  if (definition.kind !== 'tool')
    return {
      attributes: Object.fromEntries((names ?? []).map((name) => [name, optional(STRING)])),
      undeclared: false,
      untyped,
    };
  const schema = (definition.document['inputSchema'] ?? {}) as JsonObject;
  const needed = new Set(Array.isArray(schema['required']) ? (schema['required'] as readonly Json[]) : []);
  const attributes: Record<string, Json> = {};
  for (const [name, property] of Object.entries((schema['properties'] ?? {}) as JsonObject)) {
    const type = cedarType(property);
    if (type === undefined) untyped.add(name);
    else attributes[name] = needed.has(name) ? required(type) : optional(type);
  }
  return { attributes, undeclared: names === undefined, untyped };
}

function cedarType(schema: Json): CedarType | undefined {
  if (typeof schema !== 'object' || schema === null || Array.isArray(schema)) return undefined;
  const { type, items, properties, required: needed } = schema as JsonObject;
  switch (type) {
    case 'string':
      return STRING;
    case 'integer':
      return { type: 'Long' };
    case 'number':
      return ext('decimal');
    case 'boolean':
      return { type: 'Boolean' };
    case 'array': {
      const element = items === undefined ? undefined : cedarType(items);
      return element && { type: 'Set', element };
    }
    case 'object': {
      if (isOpen(schema as JsonObject)) return undefined;
      const always = Array.isArray(needed) ? (needed as readonly Json[]) : [];
      const fields = Object.entries((properties ?? {}) as JsonObject).map(
        ([name, property]) => [name, cedarType(property), always.includes(name)] as const,
      );
      // One field without a type is enough: a policy that reads it would be refused for an attribute that is there.
      if (fields.some(([, type]) => type === undefined)) return undefined;
      return record(
        Object.fromEntries(
          fields.map(([name, type, isAlways]) => [name, (isAlways ? required : optional)(type as CedarType)]),
        ),
      );
    }
    default:
      return undefined;
  }
}
