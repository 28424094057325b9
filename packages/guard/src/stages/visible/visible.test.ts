/** Stage 3: what is hidden is answered exactly as what does not exist (A13, A15, invariants 3 and 6). */
import { describe, expect, it } from 'vitest';
import type { Call, Definition, DefinitionKind, Target } from '../../call.ts';
import { GuardError } from '../../errors.ts';
import type { Identity } from '../../guard.ts';
import { methodRow, type MethodRow } from '../../methods.ts';
import type { PolicyEngine, PolicyRequest } from '../../ports.ts';
import { createMayList, createVisible } from './index.ts';
import type { Digest } from '../../identifiers.ts';

const who = { principal: { key: 'p' }, tenant: { id: 'acme' } } as unknown as Identity;
const definitionOf = (kind: DefinitionKind, name = 'get'): Definition => ({
  server: 'crm',
  kind,
  name,
  document: {},
  digest: 'sha256:0' as Digest,
  labels: [],
});

function bench({
  could = true,
  allow,
  found = definitionOf('tool'),
}: {
  readonly could?: boolean | (() => never);
  readonly allow?: readonly string[];
  readonly found?: Definition | null;
} = {}) {
  const questions: PolicyRequest[] = [];
  const looked: Target[] = [];
  const engine: PolicyEngine = {
    revision: 'r',
    decide: () => {
      throw new Error('the stage judges no arguments');
    },
    couldAllow: (question) => {
      questions.push(question);
      return typeof could === 'function' ? could() : could;
    },
  };
  const deps = { policy: () => engine, allowTools: (server: string) => (server === 'crm' ? allow : undefined) };
  const stage = createVisible({
    ...deps,
    tasks: { find: () => undefined },
    catalog: {
      find: (target) => {
        looked.push(target);
        return found ?? undefined;
      },
    },
  });
  const see = (target: Target, method = 'tools/call'): Definition | undefined =>
    stage(
      who,
      { method, target, params: { arguments: { secret: 1 } } } as unknown as Call,
      methodRow(method) as MethodRow,
    );
  const refusal = (target: Target, method?: string): unknown => {
    try {
      see(target, method);
      return undefined;
    } catch (thrown) {
      return thrown instanceof GuardError
        ? { code: thrown.code, message: thrown.message, detail: thrown.detail }
        : thrown;
    }
  };
  return { see, refusal, questions, looked, mayList: createMayList(deps) };
}

const TOOL: Target = { kind: 'tool', server: 'crm', name: 'get' };
const METHOD_OF = {
  tool: 'tools/call',
  prompt: 'prompts/get',
  resource: 'resources/read',
  resource_template: 'completion/complete',
} as const;

describe('A13 a name that is called', () => {
  it.each(Object.entries(METHOD_OF))('a %s is found and judged without its arguments', (kind, method) => {
    const definition = definitionOf(kind as DefinitionKind);
    const target = { kind, server: 'crm', name: kind === 'resource' ? 'mem://get' : 'get' } as Target;
    const { see, questions, looked } = bench({ found: definition });
    expect(see(target, method)).toBe(definition);
    expect(looked).toEqual([target]);
    expect(questions).toMatchObject([
      { principal: who.principal, tenant: who.tenant, definition, action: 'see', input: undefined },
    ]);
    expect(bench({ could: false, found: definition }).refusal(target, method)).toMatchObject({ code: 'not_found' });
    expect(bench({ found: null }).refusal(target, method)).toMatchObject({ code: 'not_found' });
  });

  it('B12 another spelling of a resource is refused before it is looked up', () => {
    const { refusal, questions, looked } = bench({ found: definitionOf('resource') });
    for (const name of ['mem://%67et', 'MEM://get', 'mem://get/.', 'get'])
      for (const method of ['resources/read', 'resources/subscribe', 'subscriptions/resource'])
        expect(refusal({ kind: 'resource', server: 'crm', name }, method)).toMatchObject({ code: 'invalid_params' });
    expect([...questions, ...looked]).toEqual([]);
  });

  it('A15 hidden by policy, hidden by configuration, unknown and absent get the same answer', () => {
    const hidden = bench({ could: false }).refusal(TOOL);
    expect(hidden).toMatchObject({ code: 'not_found' });
    expect(bench({ found: null }).refusal(TOOL)).toEqual(hidden);
    expect(bench({ allow: [] }).refusal(TOOL)).toEqual(hidden);
    expect(bench({ found: null }).refusal({ kind: 'unknown', name: 'crm__get' })).toEqual(hidden);
    expect(
      bench().see({ kind: 'unknown', name: 'x' }),
      'when the catalog knows it, it is judged like any other',
    ).toBeDefined();
  });

  it('A29 a policy engine that fails refuses', () => {
    expect(
      bench({
        could: () => {
          throw new Error('down');
        },
      }).refusal(TOOL),
    ).toBeInstanceOf(Error);
  });
});

describe('a call without a single target is not looked up', () => {
  it.each(['tools/list', 'subscriptions/listen', 'initialize', 'ping'])('%s', (method) => {
    const { see, looked } = bench({ found: null });
    expect(see({ kind: 'servers', servers: ['crm'] }, method)).toBeUndefined();
    expect(see(TOOL, method)).toBeUndefined();
    expect(looked).toEqual([]);
  });

  it('B10 a task that was never given out does not exist', () => {
    const { refusal, looked } = bench({ found: null });
    expect(refusal({ kind: 'task', server: 'crm', name: 't' }, 'tasks/get')).toMatchObject({ code: 'not_found' });
    expect(looked).toEqual([]);
  });
});

describe('tools that the configuration allows', () => {
  it.each<[allow: readonly string[] | undefined, name: string, shown: boolean]>([
    [undefined, 'get', true],
    [['get'], 'get', true],
    [['set', 'get'], 'get', true],
    [[], 'get', false],
    [['set'], 'get', false],
    [['GET'], 'get', false],
    [['*'], 'get', false],
    [['ge'], 'get', false],
    [['get'], 'constructor', false],
  ])('%j and %s: %s', (allow, name, shown) => {
    const { mayList } = bench(allow === undefined ? {} : { allow });
    expect(mayList(who, definitionOf('tool', name))).toBe(shown);
  });

  it('limit tools only: not prompts, resources or other servers', () => {
    const { mayList } = bench({ allow: [] });
    for (const kind of ['prompt', 'resource', 'resource_template', 'server'] as const)
      expect(mayList(who, definitionOf(kind))).toBe(true);
    expect(mayList(who, { ...definitionOf('tool'), server: 'mail' })).toBe(true);
  });

  it('are still hidden when no policy allows them', () =>
    expect(bench({ allow: ['get'], could: false }).mayList(who, definitionOf('tool'))).toBe(false));
});
