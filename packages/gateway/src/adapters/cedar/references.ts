/** What a policy refers to, read from its JSON form: entities, and arguments of the call. */
export interface References {
  readonly entities: readonly { readonly type: string; readonly id: string }[];
  /** First names after `context.args` that are read or tested with `has`. */
  readonly args: readonly string[];
  /** True when the policy reads claims of the token. */
  readonly claims: boolean;
}

type Node = Readonly<Record<string, unknown>>;

/** @param policy a policy in Cedar's JSON format. */
export function referencesOf(policy: unknown): References {
  const entities: { type: string; id: string }[] = [];
  const args = new Set<string>();
  let claims = false;
  const collect = (node: unknown): void => {
    if (typeof node !== 'object' || node === null) return;
    if (Array.isArray(node)) return node.forEach(collect);
    const { __entity: literal, entity, entities: listed, '.': get, has } = node as Node;
    const candidates = [literal, entity, ...(Array.isArray(listed) ? (listed as unknown[]) : [])];
    entities.push(...candidates.filter(isEntity));
    for (const access of [get, has] as (Node | undefined)[]) {
      if (access === undefined) continue;
      for (const name of argumentNamed(access)) args.add(name);
      if (access['attr'] === 'claims') claims = true;
    }
    Object.values(node as Node).forEach(collect);
  };
  collect(policy);
  return { entities, args: [...args], claims };
}

const isEntity = (value: unknown): value is { type: string; id: string } =>
  typeof value === 'object' &&
  value !== null &&
  typeof (value as Node)['type'] === 'string' &&
  typeof (value as Node)['id'] === 'string';

/** The argument that an access names: `context.args.x`, `context.args has x` or `context has args.x`. */
function argumentNamed({ left, attr }: Node): string[] {
  const path = (Array.isArray(attr) ? attr : [attr]).map(String);
  const source = left as Node;
  if (source['Var'] === 'context') return path[0] === 'args' && path[1] !== undefined ? [path[1]] : [];
  const inner = source['.'] as Node | undefined;
  return inner?.['attr'] === 'args' && (inner['left'] as Node)['Var'] === 'context' ? [path[0] ?? ''] : [];
}
