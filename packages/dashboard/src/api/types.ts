/** The resources of the control API, as its OpenAPI document describes them. */

export type Role = 'viewer' | 'approver' | 'auditor' | 'operator' | 'admin';

export interface Person {
  readonly issuer: string;
  readonly subject: string;
  readonly name?: string;
  readonly email?: string;
}

export interface Session {
  readonly user: Person;
  readonly tenant: string;
  readonly tenants: readonly string[];
  readonly roles: readonly Role[];
  readonly csrf_token: string;
  readonly expires_at: string;
  readonly auth_time: string;
  readonly demo?: boolean;
}

export interface List<Item> {
  readonly items: readonly Item[];
  readonly next_cursor?: string;
}

export interface Overview {
  readonly window_seconds: number;
  readonly step_seconds: number;
  readonly series: {
    readonly time: readonly number[];
    readonly calls: readonly number[];
    readonly refused: readonly number[];
    readonly p50_ms: readonly (number | null)[];
    readonly p95_ms: readonly (number | null)[];
    readonly p99_ms: readonly (number | null)[];
  };
  readonly refusals: readonly { readonly error_code: string; readonly count: number }[];
  readonly approvals_pending: number;
  readonly servers: readonly Health[];
  readonly issuers: readonly { readonly issuer: string; readonly status: string; readonly error?: string }[];
  readonly weakenings: readonly string[];
  readonly changes: readonly {
    readonly time: string;
    readonly kind: string;
    readonly text: string;
    readonly by?: string;
  }[];
  readonly version: string;
  readonly started_at: string;
}

export interface Health {
  readonly name: string;
  readonly status: string;
  readonly since?: string;
  readonly error?: string;
}

export interface Server extends Health {
  readonly transport: string;
  readonly era?: string;
  readonly url?: string;
  readonly command?: string;
  readonly labels?: readonly string[] | Readonly<Record<string, unknown>>;
  readonly tenants?: readonly string[] | string;
  readonly tools: number;
  readonly prompts: number;
  readonly resources: number;
  readonly pending_definitions: number;
  readonly p50_ms?: number | null;
  readonly p99_ms?: number | null;
  readonly calls?: number;
  readonly sessions?: number;
  readonly children?: number;
}

export interface Definition {
  readonly kind: string;
  readonly name: string;
  readonly state: 'approved' | 'pending' | 'changed' | 'withheld';
  readonly digest: string;
  readonly pinned_digest?: string;
  readonly pinned_at?: string;
  readonly pinned_by?: string;
  readonly reason?: string;
  readonly definition?: unknown;
}

export interface DefinitionDetail extends Definition {
  readonly approved?: unknown;
  readonly live?: unknown;
  readonly diff: readonly { readonly op: 'same' | 'add' | 'remove'; readonly text: string }[];
  readonly hidden_characters: readonly { readonly path: string; readonly character: string; readonly name: string }[];
}

export type ApprovalStatus = 'pending' | 'approved' | 'denied' | 'expired' | 'withdrawn' | 'consumed' | 'superseded';

export interface Decision {
  readonly by: Person;
  readonly verdict: string;
  readonly reason?: string;
  readonly as: string;
  readonly channel: string;
  readonly at: string;
}

export interface Approval {
  readonly id: string;
  readonly version: number;
  readonly status: ApprovalStatus;
  readonly created_at: string;
  readonly expires_at: string;
  readonly decided_at?: string;
  readonly requester: Person;
  readonly agent: { readonly client_id?: string; readonly name?: string; readonly actors?: readonly string[] };
  readonly tenant: string;
  readonly server: string;
  readonly tool: string;
  readonly description?: string;
  readonly arguments?: unknown;
  readonly arguments_digest?: string;
  readonly digest?: string;
  readonly definition_digest?: string;
  readonly policy_revision?: string;
  readonly source?: string;
  readonly required: number;
  readonly approvers: readonly string[];
  readonly decisions: readonly Decision[];
  readonly may_decide?: boolean;
  readonly why_not?: string;
  readonly step_up_required?: boolean;
  readonly uninspectable?: readonly { readonly path: string; readonly why: string }[];
  readonly differs_from_earlier?: readonly {
    readonly path: string;
    readonly earlier?: unknown;
    readonly now?: unknown;
  }[];
  readonly destructive?: boolean;
}

export interface Call {
  readonly index: number;
  readonly log: string;
  readonly time: string;
  readonly correlation_id: string;
  readonly class: string;
  readonly user?: string;
  readonly agent?: string;
  readonly server?: string;
  readonly tool?: string;
  readonly operation?: string;
  readonly status: string;
  readonly error_code?: string;
  readonly duration_ms?: number | null;
  readonly approval_id?: string;
}

export interface LoggedRecord {
  readonly index: number;
  readonly log: string;
  readonly record: unknown;
}

export interface CallDetail {
  readonly intent?: LoggedRecord;
  readonly outcome?: LoggedRecord;
  readonly related: readonly LoggedRecord[];
}

export interface PolicyFiles {
  readonly revision: string;
  readonly files: readonly {
    readonly name: string;
    readonly text: string;
    readonly policies: readonly { readonly id: string; readonly effect: string; readonly line?: number }[];
  }[];
}

export interface Explanation {
  readonly decision: string;
  readonly policies: readonly {
    readonly id: string;
    readonly effect?: string;
    readonly file?: string;
    readonly line?: number;
  }[];
  readonly revision?: string;
  readonly errors?: readonly string[];
}

export interface Trial {
  readonly stages: readonly { readonly stage: string; readonly result: string; readonly detail?: string }[];
  readonly outcome: string;
}

export interface ApiKey {
  readonly id: string;
  readonly name?: string;
  readonly user: string;
  readonly tenant: string;
  readonly roles?: readonly string[];
  readonly scopes?: readonly string[];
  readonly created_at: string;
  readonly expires_at?: string;
  readonly last_used_at?: string;
  readonly revoked_at?: string;
}

export interface KnownPerson {
  readonly issuer: string;
  readonly subject: string;
  readonly tenant: string;
  readonly agents?: readonly string[];
  readonly first_seen_at?: string;
  readonly last_seen_at?: string;
  readonly calls?: number;
}

export interface Settings {
  readonly settings: readonly {
    readonly path: string;
    readonly value?: unknown;
    readonly default?: unknown;
    readonly origin: string;
    readonly secret?: boolean;
  }[];
  readonly weakenings: readonly string[];
}
