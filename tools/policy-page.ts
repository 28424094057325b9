/** `docs/reference/policy.md`: what Cedar policies can refer to, from the schema that `sallyport check` uses. */
import { MCP_METHODS, type Definition, type JsonObject } from '@sallyport/guard';
import { ACTION_NAMES, cedarSchema } from '../packages/gateway/src/adapters/cedar/schema.ts';

/** One policy each; a test compiles them. */
export const EXAMPLES: readonly (readonly [says: string, policy: string])[] = [
  [
    'A role may call one tool.',
    `@id("analysts-list")
permit (principal in Role::"analyst", action == Action::"call", resource == Tool::"crm/list_customers");`,
  ],
  [
    'A tenant may use everything of one server, except destructive tools.',
    `@id("acme-crm")
permit (principal in Tenant::"acme", action, resource in Server::"crm")
unless { resource.annotations has destructiveHint && resource.annotations.destructiveHint };`,
  ],
  [
    'A tool may be called with some arguments only. An argument may be absent, so test it with `has` first.',
    `@id("small-transfers")
permit (principal in Group::"finance", action == Action::"call", resource == Tool::"bank/transfer")
when { context.args has amount && context.args.amount <= 1000 };`,
  ],
  [
    'One agent, whoever its user is, only from one network.',
    `@id("ci-from-inside")
permit (principal, action == Action::"call", resource in Server::"builds")
when {
  context.agent.client_id == "ci-bot" &&
  context has source_ip && context.source_ip.isInRange(ip("10.0.0.0/8"))
};`,
  ],
  [
    'A person must say yes first. With `when`, only for some arguments. Every such permit that applies is asked ' +
      'for, also when another permit allows the call without asking.',
    `@id("large-transfers") @require_approval("group:finance-leads, 2 of 3, 30m")
permit (principal in Group::"finance", action == Action::"call", resource == Tool::"bank/transfer")
when { context.args has amount && context.args.amount > 1000 };`,
  ],
  ['A `forbid` always wins.', '@id("nobody-drops")\nforbid (principal, action, resource == Tool::"db/drop_table");'],
];

const MEANING: Readonly<Record<string, string>> = {
  'principal.issuer': 'who vouches for the user',
  'principal.subject': 'the user at that issuer',
  'principal.tenant': 'the organisation that the call is made in',
  'principal.roles': 'also `principal in Role::"name"`',
  'principal.groups': 'also `principal in Group::"name"`',
  'principal.scopes': 'scopes of the token',
  'principal.claims': 'other claims of the token; ask with `has`',
  'resource.server': 'also `resource in Server::"name"`',
  'resource.name': 'name or URI, as the server calls it',
  'resource.pin': 'digest of the approved definition',
  'resource.labels': 'what the operator says of it',
  'resource.annotations':
    'approved hints of the server: `readOnlyHint`, `destructiveHint`, `idempotentHint`, `openWorldHint`, `title`',
  'context.agent': '`client_id` of the software that calls, and `actors` between user and agent',
  'context.args': 'the validated arguments of the call; of a completion, those given and the one being completed',
  'context.labels': 'labels of the data in this call',
  'context.time': 'now',
  'context.mtls': 'whether the client showed a certificate',
  'context.source_ip': 'address of the client',
  'context.session': 'session of older clients',
  'context.approval': 'id of a human approval',
};

const EXAMPLE = {
  server: 'crm',
  kind: 'tool',
  name: 'find',
  digest: '',
  labels: [],
  document: {},
} as unknown as Definition;

interface Attribute extends JsonObject {
  readonly type: string;
  readonly required: boolean;
}
type Attributes = Readonly<Record<string, Attribute>>;

function typeName(type: JsonObject): string {
  if (type['type'] === 'Set') return `Set<${typeName(type['element'] as JsonObject)}>`;
  return String(type['type'] === 'Extension' ? type['name'] : type['type']);
}

function rowsOf(prefix: string, attributes: Attributes): string[] {
  return Object.entries(attributes).map(([name, type]) => {
    const path = `${prefix}.${name}`;
    const present = type.required ? 'always' : 'sometimes: test it with `has`';
    return `| \`${path}\` | ${typeName(type)} | ${present} | ${MEANING[path] ?? ''} |`;
  });
}

export function policyPage(): string {
  const { '': all } = cedarSchema(EXAMPLE).schema as {
    readonly '': {
      readonly entityTypes: Readonly<Record<string, { readonly shape: { readonly attributes: Attributes } }>>;
      readonly actions: Readonly<
        Record<string, { readonly appliesTo: { readonly context: { readonly attributes: Attributes } } }>
      >;
    };
  };
  const shape = (type: string): Attributes => all.entityTypes[type]?.shape.attributes ?? {};
  const methodsOf = (action: string): string =>
    Object.entries(MCP_METHODS)
      .filter(([, row]) => row.action === action)
      .map(([method]) => `\`${method}\``)
      .join(', ');
  const attributes = [
    ...rowsOf('principal', shape('User')),
    ...rowsOf('resource', shape('Tool')),
    ...rowsOf('context', all.actions['call']?.appliesTo.context.attributes ?? {}),
  ];
  return `# Policies

<!-- Generated by \`npm run docs\`; do not edit. -->

The gateway reads [Cedar](https://docs.cedarpolicy.com) policies from every \`*.cedar\` file of the folder that
\`policies.cedar\` names. A call that no policy permits is refused. A \`forbid\` always wins. An error in a policy that
applies refuses the call. A tool, prompt or resource is listed when it could be called, read, got, completed or
subscribed to: \`Action::"see"\` exists and needs no policy of its own. A decision of policies that do not read
\`context\` (other than \`context.agent\`) is cached until the policies, the principal or the definition change.

\`sallyport check\` parses every policy and refuses one that names a tool, an argument or an attribute that does not
exist.

## Principals, actions, resources

\`principal\` is \`User::"<issuer>|<subject>"\`, in its \`Role\`s, its \`Group\`s and its \`Tenant\`. \`resource\` is a
\`Tool\`, \`Prompt\`, \`Resource\` or \`ResourceTemplate\` with the id \`"<server>/<name>"\`, in its \`Server\`.

| action | methods |
|---|---|
${ACTION_NAMES.filter((action) => action !== 'see')
  .map((action) => `| \`Action::"${action}"\` | ${methodsOf(action)} |`)
  .join('\n')}

## Attributes

| attribute | type | present | meaning |
|---|---|---|---|
${attributes.join('\n')}

The types of \`context.args\` come from the approved input schema: \`string\` is String, \`integer\` Long, \`number\`
decimal (whole numbers too; at most four digits after the point), \`boolean\` Boolean, \`array\` Set, \`object\` Record.
\`null\` is an absent attribute.

## Examples

${EXAMPLES.map(([says, policy]) => `${says}\n\n\`\`\`cedar\n${policy}\n\`\`\``).join('\n\n')}
`;
}
