/**
 * Which stage applies to which MCP method: a table. A method that is not here does not exist (`method_not_found`).
 *
 * `refused only` in the audit column is the published list of what leaves no record when it succeeds: it touches no
 * upstream, carries no arguments and reveals nothing that the caller did not bring.
 */
import type { DefinitionKind, Era } from './call.ts';

/** The policy action; `undefined` where no policy decides beyond "is authenticated". */
export type Action = 'see' | 'call' | 'read' | 'get' | 'complete' | 'subscribe';

export interface MethodRow {
  readonly eras: readonly Era[];
  readonly direction: 'to_server' | 'to_client' | 'both';
  readonly kind: 'request' | 'notification';
  /** What the visible stage looks up; `undefined` = the method has no single target. */
  readonly target: DefinitionKind | 'task' | undefined;
  readonly action: Action | undefined;
  /** Arguments are checked against the pinned input schema. */
  readonly validates: boolean;
  /** The method lists definitions of this kind; the inspect stage drops what the principal may not see. */
  readonly lists: DefinitionKind | undefined;
  /** Costs budget: one unit per call. */
  readonly limited: boolean;
  /** The edge makes this call itself (a legacy GET stream); it is refused when it arrives as a JSON-RPC method. */
  readonly internal: boolean;
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
  internal: false,
  audit: 'intent and outcome',
};
const plumbing = { limited: false, audit: 'refused only' } as const;

export const METHODS: ReadonlyMap<string, MethodRow> = new Map<string, MethodRow>([
  ['initialize', { ...base, eras: LEGACY, audit: 'outcome' }],
  ['server/discover', { ...base, eras: MODERN, audit: 'outcome' }],
  ['ping', { ...base, ...plumbing, eras: LEGACY, direction: 'both' }],
  ['logging/setLevel', { ...base, eras: LEGACY }],
  ['tools/list', { ...base, action: 'see', lists: 'tool' }],
  ['tools/call', { ...base, target: 'tool', action: 'call', validates: true }],
  ['prompts/list', { ...base, action: 'see', lists: 'prompt' }],
  ['prompts/get', { ...base, target: 'prompt', action: 'get', validates: true }],
  ['resources/list', { ...base, action: 'see', lists: 'resource' }],
  ['resources/templates/list', { ...base, action: 'see', lists: 'resource_template' }],
  ['resources/read', { ...base, target: 'resource', action: 'read' }],
  ['resources/subscribe', { ...base, eras: LEGACY, target: 'resource', action: 'subscribe' }],
  ['resources/unsubscribe', { ...base, eras: LEGACY, target: 'resource', action: 'subscribe' }],
  ['subscriptions/listen', { ...base, eras: MODERN, action: 'subscribe' }],
  ['stream/listen', { ...base, eras: LEGACY, action: 'subscribe', internal: true }],
  // The edge's own calls: who listens still, one resource of a listen, the end of a session, and the client's answer to a
  // server's request.
  ['stream/check', { ...base, ...plumbing, internal: true }],
  [
    'subscriptions/resource',
    { ...base, target: 'resource', action: 'subscribe', limited: false, internal: true, audit: 'refused only' },
  ],
  ['session/end', { ...base, eras: LEGACY, limited: false, internal: true, audit: 'outcome' }],
  ['session/answer', { ...base, ...plumbing, eras: LEGACY, internal: true }],
  ['completion/complete', { ...base, target: 'prompt', action: 'complete' }],
  ['tasks/get', { ...base, target: 'task' }],
  ['tasks/result', { ...base, eras: LEGACY, target: 'task' }],
  ['tasks/list', { ...base, eras: LEGACY }],
  ['tasks/update', { ...base, eras: MODERN, target: 'task' }],
  ['tasks/cancel', { ...base, target: 'task' }],
  ['sampling/createMessage', { ...base, direction: 'to_client' }],
  ['elicitation/create', { ...base, direction: 'to_client' }],
  ['roots/list', { ...base, direction: 'to_client' }],
  ['notifications/initialized', { ...base, ...plumbing, eras: LEGACY, kind: 'notification' }],
  ['notifications/cancelled', { ...base, ...plumbing, direction: 'both', kind: 'notification' }],
  ['notifications/progress', { ...base, ...plumbing, direction: 'both', kind: 'notification' }],
  ['notifications/roots/list_changed', { ...base, eras: LEGACY, kind: 'notification' }],
]);
