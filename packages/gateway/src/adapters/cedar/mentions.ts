/** What a policy mentions, read out of its JSON form: entities, and arguments of the call. */
export interface Mentions {
  readonly entities: readonly { readonly type: string; readonly id: string }[];
  /** First names after `context.args`, read or tested with `has`. */
  readonly args: readonly string[];
  readonly claims: boolean;
}

type Node = Readonly<Record<string, unknown>>;

export function mentionsOf(policy: unknown): Mentions {
  const entities: { type: string; id: string }[] = [];
  const args = new Set<string>();
  let claims = false;
  const walk = (node: unknown): void => {
    if (typeof node !== 'object' || node === null) return;
    if (Array.isArray(node)) return node.forEach(walk);
    const { __entity: literal, entity, entities: listed, '.': get, has } = node as Node;
    for (const one of [literal, entity, ...(Array.isArray(listed) ? (listed as unknown[]) : [])])
      if (isEntity(one)) entities.push(one);
    for (const access of [get, has]) {
      for (const name of access === undefined ? [] : pathOf(access as Node)) args.add(name);
      if ((access as Node | undefined)?.['attr'] === 'claims') claims = true;
    }
    Object.values(node as Node).forEach(walk);
  };
  walk(policy);
  return { entities, args: [...args], claims };
}

const isEntity = (value: unknown): value is { type: string; id: string } =>
  typeof value === 'object' &&
  value !== null &&
  typeof (value as Node)['type'] === 'string' &&
  typeof (value as Node)['id'] === 'string';

/** The argument that an access names: of `context.args.x`, of `context.args has x`, of `context has args.x`. */
function pathOf({ left, attr }: Node): string[] {
  const path = (Array.isArray(attr) ? attr : [attr]).map(String);
  const from = left as Node;
  if (from['Var'] === 'context') return path[0] === 'args' && path[1] !== undefined ? [path[1]] : [];
  const inner = from['.'] as Node | undefined;
  return inner?.['attr'] === 'args' && (inner['left'] as Node)['Var'] === 'context' ? [path[0] ?? ''] : [];
}
