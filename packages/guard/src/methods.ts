/**
 * Which stage applies to which method: two tables. A method that is in neither does not exist (`method_not_found`).
 *
 * `refused only` in the audit column is the published list of what leaves no record when it succeeds: it touches no
 * upstream, carries no arguments and reveals nothing that the caller did not bring.
 */
import type { DefinitionKind, Era } from './call.ts';

/**
 * What policies decide about.
 *
 * @example
 * ```ts
 * const isAction = (name: string): boolean => ACTIONS.some((action) => action === name);
 * ```
 */
export const ACTIONS = ['see', 'call', 'read', 'get', 'complete', 'subscribe'] as const;

/**
 * One of {@link ACTIONS}.
 *
 * @example
 * ```ts
 * const writes: readonly Action[] = ['call'];
 * ```
 */
export type Action = (typeof ACTIONS)[number];

/**
 * What the guard does with one method.
 *
 * @example
 * ```ts
 * const isRecorded = (row: MethodRow): boolean => row.audit !== 'refused only';
 * ```
 */
export interface MethodRow {
  /** The eras of the protocol that have the method. */
  readonly eras: readonly Era[];
  /** Who sends it: clients (`to_server`), servers (`to_client`), or either. */
  readonly direction: 'to_server' | 'to_client' | 'both';
  readonly kind: 'request' | 'notification';
  /** What the visible stage looks up; `undefined` = the method has no single target. */
  readonly target: DefinitionKind | 'task' | undefined;
  /** The policy action; `undefined` where no policy decides beyond "is authenticated". */
  readonly action: Action | undefined;
  /** Arguments are checked against the pinned input schema. */
  readonly validates: boolean;
  /** The method lists definitions of this kind; the inspect stage drops what the principal may not see. */
  readonly lists: DefinitionKind | undefined;
  /** Costs budget: one unit per call. */
  readonly limited: boolean;
  readonly audit: 'intent and outcome' | 'outcome' | 'refused only';
}

const BOTH: readonly Era[] = ['legacy', 'modern'];
const LEGACY: readonly Era[] = ['legacy'];
const MODERN: readonly Era[] = ['modern'];

const base: MethodRow = {
  eras: BOTH,
  direction: 'to_server',
  kind: 'request',
  target: undefined,
  action: undefined,
  validates: false,
  lists: undefined,
  limited: true,
  audit: 'intent and outcome',
};
const unrecorded = { limited: false, audit: 'refused only' } as const;

/**
 * The methods of MCP, of every revision that is served.
 *
 * @example
 * ```ts
 * const legacyOnly = Object.entries(MCP_METHODS).filter(([, row]) => !row.eras.includes('modern'));
 * ```
 */
export const MCP_METHODS = {
  initialize: { ...base, eras: LEGACY, audit: 'outcome' },
  'server/discover': { ...base, eras: MODERN, audit: 'outcome' },
  ping: { ...base, ...unrecorded, eras: LEGACY, direction: 'both' },
  'logging/setLevel': { ...base, eras: LEGACY },
  'tools/list': { ...base, action: 'see', lists: 'tool' },
  'tools/call': { ...base, target: 'tool', action: 'call', validates: true },
  'prompts/list': { ...base, action: 'see', lists: 'prompt' },
  'prompts/get': { ...base, target: 'prompt', action: 'get', validates: true },
  'resources/list': { ...base, action: 'see', lists: 'resource' },
  'resources/templates/list': { ...base, action: 'see', lists: 'resource_template' },
  'resources/read': { ...base, target: 'resource', action: 'read' },
  'resources/subscribe': { ...base, eras: LEGACY, target: 'resource', action: 'subscribe' },
  'resources/unsubscribe': { ...base, eras: LEGACY, target: 'resource', action: 'subscribe' },
  'subscriptions/listen': { ...base, eras: MODERN, action: 'subscribe' },
  'completion/complete': { ...base, target: 'prompt', action: 'complete' },
  'tasks/get': { ...base, target: 'task', action: 'call' },
  'tasks/result': { ...base, eras: LEGACY, target: 'task', action: 'call' },
  'tasks/list': { ...base, eras: LEGACY },
  'tasks/update': { ...base, eras: MODERN, target: 'task', action: 'call' },
  'tasks/cancel': { ...base, target: 'task', action: 'call' },
  'sampling/createMessage': { ...base, direction: 'to_client' },
  'elicitation/create': { ...base, direction: 'to_client' },
  'roots/list': { ...base, direction: 'to_client' },
  'notifications/initialized': { ...base, ...unrecorded, eras: LEGACY, kind: 'notification' },
  'notifications/cancelled': { ...base, ...unrecorded, direction: 'both', kind: 'notification' },
  'notifications/progress': { ...base, ...unrecorded, direction: 'both', kind: 'notification' },
  'notifications/roots/list_changed': { ...base, eras: LEGACY, kind: 'notification' },
} as const satisfies Readonly<Record<string, MethodRow>>;

/**
 * Calls that the edge makes itself. They are refused when they arrive as a JSON-RPC method.
 *
 * @example
 * ```ts
 * const names = Object.keys(INTERNAL_METHODS);
 * ```
 */
export const INTERNAL_METHODS = {
  /** A legacy client opens its GET stream. */
  'stream/listen': { ...base, eras: LEGACY, action: 'subscribe' },
  /** The credential of an open stream is checked again. */
  'stream/check': { ...base, ...unrecorded },
  /** One resource of a `subscriptions/listen`. */
  'subscriptions/resource': { ...base, ...unrecorded, target: 'resource', action: 'subscribe' },
  /** A notification about a task. */
  'subscriptions/task': { ...base, ...unrecorded, target: 'task', action: 'call' },
  /** A legacy client ends its session with DELETE. */
  'session/end': { ...base, eras: LEGACY, limited: false, audit: 'outcome' },
  /** A legacy client answers a request of a server. */
  'session/answer': { ...base, ...unrecorded, eras: LEGACY },
} as const satisfies Readonly<Record<string, MethodRow>>;

/**
 * Every method that the guard knows. Look a foreign name up with {@link methodRow}.
 *
 * @example
 * ```ts
 * const row: MethodRow = METHODS['tools/call'];
 * ```
 */
export const METHODS = { ...MCP_METHODS, ...INTERNAL_METHODS };

/**
 * A method of MCP. A `switch` over it can be exhaustive.
 *
 * @example
 * ```ts
 * const method: McpMethod = 'tools/call';
 * ```
 */
export type McpMethod = keyof typeof MCP_METHODS;
/**
 * A call that the edge makes itself.
 *
 * @example
 * ```ts
 * const method: InternalMethod = 'session/end';
 * ```
 */
export type InternalMethod = keyof typeof INTERNAL_METHODS;
/**
 * A method that the guard knows.
 *
 * @example
 * ```ts
 * const rowOf = (method: Method): MethodRow => METHODS[method];
 * ```
 */
export type Method = McpMethod | InternalMethod;

/**
 * Whether a foreign name is a method. Own members only, so that `constructor` and `__proto__` are none.
 *
 * @example
 * ```ts
 * const labelOf = (name: string): string => (isMethod(name) ? name : 'other');
 * ```
 */
export const isMethod = (name: string): name is Method => Object.hasOwn(METHODS, name);

/**
 * The row of a foreign name; `undefined` when there is no such method.
 *
 * @example
 * ```ts
 * const costs = methodRow('tools/call')?.limited;
 * ```
 */
export const methodRow = (name: string): MethodRow | undefined => (isMethod(name) ? METHODS[name] : undefined);

/**
 * Whether MCP itself defines the method.
 *
 * @example
 * ```ts
 * const isOurs = (name: string): boolean => isMethod(name) && !isMcpMethod(name);
 * ```
 */
export const isMcpMethod = (name: string): name is McpMethod => Object.hasOwn(MCP_METHODS, name);
