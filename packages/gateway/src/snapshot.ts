/**
 * Immutable settings: the configuration (and later the control plane) writes a snapshot, the data plane reads it.
 * Types only; `config.ts` turns a file into one of these.
 */
import type { RestCredential, RestTool } from '@sallyport/server/openapi';
import type { ApproverSelector, Era, JsonObject, LogLevel } from '@sallyport/guard';
import type { ApprovalRule, JwtIssuer, LimitTiers } from '@sallyport/guard/stages';
import type { GatewaySettings, ServerProfile } from '@sallyport/server/edge/settings';
import type { ListenSettings } from '@sallyport/server/listen/settings';

export type { GatewaySettings, ServerProfile } from '@sallyport/server/edge/settings';
export type { ListenSettings, TlsSettings } from '@sallyport/server/listen/settings';

/** How a server is reached. */
export type ServerTransport =
  | { readonly kind: 'http'; readonly url: string; readonly headers: Readonly<Record<string, string>> }
  | {
      readonly kind: 'stdio';
      readonly command: string;
      readonly args: readonly string[];
      /** The whole environment of the child, besides PATH, HOME, LANG and TMPDIR. */
      readonly env: Readonly<Record<string, string>>;
      readonly cwd: string | undefined;
      /** `undefined`: it runs as the gateway does. */
      readonly sandbox?: SandboxSettings | undefined;
    }
  | {
      readonly kind: 'openapi';
      /** The document. */
      readonly file: string;
      /** What the document calls itself. */
      readonly title: string;
      readonly version: string;
      readonly baseUrl: string;
      readonly headers: Readonly<Record<string, string>>;
      /** By security scheme of the document. */
      readonly credentials: Readonly<Record<string, RestCredential>>;
      readonly tools: readonly RestTool[];
      /** What the schemas of tools do not say, for the operator. */
      readonly notes: readonly { readonly tool: string; readonly note: string }[];
      /** Bytes that an answer may have before it is trimmed. */
      readonly trimBytes: number;
    };

/** What the program of a stdio server may see and use. */
export interface SandboxSettings {
  /** What it may reach; nothing when empty. */
  readonly network: readonly { readonly host: string; readonly port: number }[];
  /** Absolute paths. */
  readonly readOnly: readonly string[];
  /** Absolute paths. */
  readonly writable: readonly string[];
  readonly memoryBytes: number;
  /** Processors; `undefined` = no limit. */
  readonly cpus: number | undefined;
  /** Processes and threads. */
  readonly processes: number;
  /** Of its `/tmp`. */
  readonly scratchBytes: number;
  readonly openFiles: number;
}

/** One configured server. */
export interface ServerSettings {
  /** `[a-z0-9-]`, 1-32 characters: no underscore, so that `server__tool` splits in one way only. */
  readonly name: string;
  readonly transport: ServerTransport;
  /** Only these tools exist (exact names); `undefined` = all that are approved. */
  readonly allowTools: readonly string[] | undefined;
  /** The gateway is not ready while it cannot reach this server. */
  readonly required: boolean;
  readonly pin: 'first_use' | 'approval';
  /**
   * How old the last comparison of live definitions with their pins may be when one is listed or called. 0 = every
   * time.
   */
  readonly verifyIntervalMs: number;
  /** The era that is spoken with it; `auto` = what it speaks, and of two what suits the client. */
  readonly era: Era | 'auto';
  readonly clientRequests: { readonly sampling: boolean; readonly elicitation: boolean; readonly roots: boolean };
  readonly additionalArguments: 'reject' | 'allow';
  /** Whether callers read the text of the server's own errors, once it was inspected. */
  readonly errors: 'show' | 'hide';
  readonly timeoutMs: number;
  /** Of a child process: how long it may take from its start to its first answer. */
  readonly startTimeoutMs: number;
  readonly resultBytesMax: number;
  /**
   * Upstream sessions or child processes: at most this many at once, and per user; idle ones end after `idleMs`.
   */
  readonly sessions: {
    readonly max: number;
    readonly maxPerPrincipal: number;
    /** Beside the shares of `max` that every tenant has. */
    readonly maxPerTenant?: number;
    readonly idleMs: number;
  };
  readonly labels: readonly string[];
}

/** A client that asks an issuer about tokens (RFC 7662). */
export interface IntrospectionSettings {
  readonly clientId: string;
  readonly clientSecret: string | undefined;
}

/** An issuer whose tokens are accepted, and where its keys are. */
export interface IssuerSettings extends JwtIssuer {
  /** Scopes that clients are told to ask for. */
  readonly scopesSupported: readonly string[];
  /** The client of this gateway at the issuer, which may ask about tokens. */
  readonly introspectionClient: IntrospectionSettings | undefined;
  /** Overrides discovery. */
  readonly jwksUri: string | undefined;
}

/** Which credentials are accepted. */
export interface IdentitySettings {
  readonly issuers: readonly IssuerSettings[];
  readonly apiKeys: boolean;
  /** Whether a proof of possession needs a nonce of this process. */
  readonly needsProofNonce: boolean;
}

/** The audit log. */
export interface AuditSettings {
  readonly folder: string;
  readonly origin: string;
  /**
   * Argument paths (`server/tool/field`, `*` matches one segment) that are recorded in clear; everything else is
   * hashed.
   */
  readonly clearArguments: readonly string[];
  readonly segmentBytes: number;
}

/** Who has a role of the control API, and in which tenants. */
export interface RoleBinding {
  readonly role: 'viewer' | 'approver' | 'auditor' | 'operator' | 'admin';
  readonly to: readonly ApproverSelector[];
  /** `undefined`: the tenant that the credential of the person names. `*`: every tenant, and the installation. */
  readonly tenants: readonly string[] | '*' | undefined;
}

/** The control API. */
export interface ControlSettings {
  readonly roles: readonly RoleBinding[];
  /** OAuth clients whose access tokens it accepts: those of operators, never those of agents. */
  readonly clients: readonly string[];
  readonly signIn: readonly SignInSettings[];
  /** A session ends when it was not used for so long, and in any case. */
  readonly session: { readonly idleMs: number; readonly lifetimeMs: number };
}

/** An issuer with which people sign in on the dashboard: one of {@link IdentitySettings.issuers}. */
export interface SignInSettings {
  readonly issuer: string;
  readonly clientId: string;
  readonly clientSecret: string | undefined;
  readonly scopes: readonly string[];
  /** Asked for (`acr_values`) when a person must prove again who they are; one of them must come back. */
  readonly stepUpAcrValues: readonly string[];
}

/** The listener for people. */
export interface AdminSettings {
  readonly listen: ListenSettings;
  /** Origin under which people reach it, without a trailing slash. */
  readonly publicUrl: string;
}

/** A rule for approvals as it is written: its condition is compiled when the settings are put in force. */
export interface ApprovalRuleSettings extends Omit<ApprovalRule, 'when'> {
  /** A Cedar expression, and where it stands. */
  readonly when: { readonly text: string; readonly field: string; readonly at: SourcePosition } | undefined;
}

/** A place in a file; line and column from 1. */
export interface SourcePosition {
  readonly file: string;
  readonly line: number;
  readonly column: number;
}

/** Which calls people must approve. */
export interface ApprovalSettings {
  readonly rules: readonly ApprovalRuleSettings[];
  /** How long a request waits where nothing else is said. */
  readonly ttlMs: number;
  /** How long a caller is kept waiting. */
  readonly waitMs: number;
  /** How many requests may wait at once. */
  readonly limits: { readonly perUser: number; readonly perAgent: number; readonly perTenant: number };
  readonly channels: ChannelSettings;
}

/** Where people are told of requests, besides the dashboard. */
export interface ChannelSettings {
  /** Who signed in on the page within this time is known in channels. */
  readonly signInWithinMs: number;
  readonly slack: readonly SlackSettings[];
  readonly teams: readonly TeamsSettings[];
  readonly webhooks: readonly WebhookSettings[];
  readonly email: readonly EmailSettings[];
}

/** One channel of a Slack workspace. */
export interface SlackSettings {
  /** `C…` */
  readonly channel: string;
  /** `T…` */
  readonly team: string;
  readonly token: string;
  /** Of interactions that come over HTTP. */
  readonly signingSecret: string | undefined;
  /** Of Socket Mode. */
  readonly appToken: string | undefined;
  readonly tenants: readonly string[] | undefined;
  /** The Web API. */
  readonly api: string;
}

/** One conversation of Microsoft Teams, and the bot that writes there. */
export interface TeamsSettings {
  /** The bot's id in Microsoft Entra ID. */
  readonly appId: string;
  readonly appSecret: string;
  /** The tenant of Microsoft Entra ID whose people may decide. */
  readonly tenantId: string;
  /** `19:…@thread.tacv2` */
  readonly conversation: string;
  /** The connector of the region. */
  readonly serviceUrl: string;
  readonly tenants: readonly string[] | undefined;
  /** Where the bot gets its tokens. */
  readonly login: string;
  /** What the tokens of the Bot Framework are verified with. */
  readonly metadata: string;
}

/** One address that is told of requests. */
export interface WebhookSettings {
  readonly name: string;
  readonly url: string;
  /** `whsec_…` */
  readonly secret: string;
  /** Whether the receiver may say what people decided. */
  readonly decisions: boolean;
  readonly tenants: readonly string[] | undefined;
}

/** A mail server, and who is written to. */
export interface EmailSettings {
  readonly host: string;
  readonly port: number;
  /** `tls` from the first byte; `none` on this machine only. */
  readonly security: 'tls' | 'starttls' | 'none';
  readonly user: string | undefined;
  readonly password: string | undefined;
  readonly from: string;
  readonly to: readonly string[];
  readonly tenants: readonly string[] | undefined;
}

/** A PostgreSQL database, and how its server is reached. */
export interface PostgresSettings {
  /** Name or address, or the folder of a Unix socket. */
  readonly host: string;
  readonly port: number;
  readonly database: string;
  readonly user: string;
  readonly password: string | undefined;
  /** TLS with a checked certificate; `ca` instead of the usual authorities. `undefined`: plain. */
  readonly tls: { readonly servername: string; readonly ca?: string } | undefined;
  /** How long calls go on with what was read last while it does not answer. */
  readonly outageMs: number;
}

/** Everything that was configured at one moment. Deeply frozen. */
export interface Snapshot {
  readonly version: string;
  readonly gateway: GatewaySettings;
  readonly admin: AdminSettings;
  readonly dataFolder: string;
  /** What several processes share; `undefined`: SQLite in the data folder. */
  readonly database: PostgresSettings | undefined;
  readonly tenants: readonly string[];
  readonly identity: IdentitySettings;
  readonly servers: readonly ServerSettings[];
  readonly policies: { readonly cedar: string | undefined };
  readonly limits: LimitTiers;
  readonly refusalsPerMinute: number;
  readonly control: ControlSettings;
  readonly approvals: ApprovalSettings;
  readonly audit: AuditSettings;
  /** How long calls under way may take to finish when the gateway stops. */
  readonly shutdown: { readonly graceMs: number };
  readonly log: { readonly level: LogLevel };
  readonly demo: boolean;
  /** Every setting that weakens a protection, in words; logged at start and recorded. */
  readonly weakenings: readonly string[];
  /** The configuration as it was written: references in place of secrets, and no defaults. */
  readonly written: JsonObject;
}

/** What the edge may know of the servers behind the guard. */
export interface ServerDirectory {
  /** Names of the configured servers, sorted. */
  servers(): readonly string[];
  /**
   * `undefined` for a name that is not configured. Capabilities are the gateway's guess until the server was reached.
   */
  profile(server: string): ServerProfile | undefined;
}
