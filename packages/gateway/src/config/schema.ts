/**
 * The schema of `sallyport.yaml`: validation, defaults, `docs/reference/config.md` and the JSON Schema for editors all
 * come from it. What a value means together with other values is checked in `build.ts`.
 */
import { z } from 'zod';
import { approvals } from './approvals-schema.ts';
import { control } from './control-schema.ts';
import { openapiKeys, toolOrOperation, toolOverride } from './openapi-schema.ts';
import { programKeys } from './program-schema.ts';
import {
  nonEmptyText,
  duration,
  timerDuration,
  durationOrZero,
  size,
  sizeInMemory,
  perMinute,
  database,
  rates,
  listen,
  secret,
  textOrSecret,
  tls,
} from './values.ts';

const SERVER_NAME = /^[a-z0-9-]{1,32}$/;
const TENANT_ID = /^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/;
const HEADER_NAME = /^[A-Za-z0-9!#$%&'*+.^_`|~-]{1,128}$/;
const ALGORITHMS = [
  'RS256',
  'RS384',
  'RS512',
  'PS256',
  'PS384',
  'PS512',
  'ES256',
  'ES384',
  'ES512',
  'EdDSA',
  'Ed25519',
] as const;

const gateway = z.strictObject({
  listen: listen.prefault('127.0.0.1:8700').describe('Host and port that clients reach.'),
  publicUrl: nonEmptyText
    .optional()
    .describe('Origin (scheme, host, port) under which clients reach the gateway. Needed outside loopback.'),
  tls: tls.optional().describe('TLS 1.2 and 1.3.'),
  behindTlsProxy: z
    .boolean()
    .default(false)
    .describe('Weakening: plain HTTP outside loopback, because a proxy in front of it ends TLS.'),
  allowedHosts: z.array(nonEmptyText).max(64).default([]).describe('Further exact `Host` values that are accepted.'),
  allowedOrigins: z.array(nonEmptyText).max(64).default([]).describe('Exact `Origin` values that browsers may send.'),
  maxBody: sizeInMemory.prefault('4Mi').describe('Largest request body, at most 256Mi.'),
  maxStrangerBytes: size
    .prefault('16Mi')
    .describe('Bytes of messages of all callers that are not known yet, held at once.'),
  maxTenantBytes: size
    .prefault('128Mi')
    .describe('Bytes of messages of one tenant that are held at once, until they are answered.'),
  maxDepth: z.int().min(4).max(512).default(64).describe('Deepest nesting of a request body.'),
  maxKeys: z
    .int()
    .min(16)
    .max(1_000_000)
    .default(10_000)
    .describe('Most members in one request body; 100,000 objects and lists, or as many where that is more.'),
  maxCalls: z
    .int()
    .min(1)
    .max(100_000)
    .default(512)
    .describe('Calls that are worked on at once. A user alone gets half of them, a tenant two thirds.'),
  maxStreams: z.int().min(1).max(10_000).default(16).describe('Open event streams of one user.'),
  requestTimeout: timerDuration.prefault('5m').describe('After this a call is abandoned; at most 24d.'),
  sessionLifetime: duration.prefault('24h').describe('How long a session of an older client can be used.'),
  addressLimit: perMinute.prefault('6000/min').describe('Requests of one address before authentication.'),
  userLimit: perMinute
    .prefault('1200/min')
    .describe('All that one user sends to servers, in tiers whose limits only count calls of one tool or client.'),
  refusalLimit: perMinute
    .prefault('120/min')
    .describe('Refused calls of one user; beyond it, everything is refused for a while.'),
});

const admin = z.strictObject({
  listen: listen
    .prefault('127.0.0.1:8701')
    .describe('Host and port of the dashboard, the control API, health, readiness, metrics and checkpoints.'),
  publicUrl: nonEmptyText
    .optional()
    .describe(
      'Origin (scheme, host, port) under which browsers reach the dashboard. Absent: that of the listener. Needed ' +
        'outside loopback where people sign in.',
    ),
  tls: tls.optional().describe('TLS 1.2 and 1.3.'),
  behindTlsProxy: z
    .boolean()
    .default(false)
    .describe('Weakening: plain HTTP outside loopback, because a proxy in front of it ends TLS.'),
});

const issuer = z.strictObject({
  issuer: nonEmptyText.describe('Exact `iss` of the tokens; where its metadata is found.'),
  audience: nonEmptyText.describe('Exact `aud` that a token must have.'),
  multipleAudiences: z.boolean().default(false).describe('Weakening: accept tokens that are also meant for others.'),
  algorithms: z
    .array(z.enum(ALGORITHMS))
    .min(1)
    .default(['RS256', 'PS256', 'ES256', 'EdDSA'])
    .describe('Signature algorithms. Shared-secret ones do not exist here.'),
  provider: z
    .enum(['generic', 'entra', 'okta', 'keycloak', 'auth0', 'google'])
    .default('generic')
    .describe(
      'Whose access tokens they are: how to tell them from ID tokens, which audiences the provider adds by itself, ' +
        'and where its claims are. `generic` expects RFC 9068.',
    ),
  accessTokenProfile: z
    .enum(['rfc9068', 'any-jwt'])
    .optional()
    .describe(
      'Instead of the rule of the provider: `rfc9068` wants `typ: at+jwt`; `any-jwt` (weakening) accepts tokens ' +
        'without it, ID tokens among them.',
    ),
  requiredScopes: z.array(nonEmptyText).max(64).default([]).describe('Scopes that every token must have.'),
  scopesSupported: z
    .array(nonEmptyText)
    .max(64)
    .optional()
    .describe('Scopes that clients are told to ask for (RFC 9728 `scopes_supported`); `requiredScopes` when absent.'),
  claims: z
    .strictObject({
      subject: nonEmptyText.optional().describe('Claim with the user: the same value in ID tokens. `sub` when absent.'),
      tenant: nonEmptyText.optional().describe('Claim with the tenant; dots for nesting. `tenant_id` when absent.'),
      roles: nonEmptyText.optional().describe('Claim with the roles. `roles` when absent.'),
      groups: nonEmptyText.optional().describe('Claim with the groups. `groups` when absent.'),
      agent: nonEmptyText.optional().describe('Claim with the agent. `client_id` when absent.'),
      scopes: nonEmptyText.optional().describe('Claim with the scopes. `scope` when absent.'),
      tier: nonEmptyText.optional().describe('Claim with the rate limit tier. `tier` when absent.'),
    })
    .prefault({})
    .describe('Where a token says what. What is absent is where the provider has it.'),
  tenants: z
    .array(nonEmptyText)
    .min(1)
    .max(10_000)
    .optional()
    .describe(
      'Tenants that its tokens may name; all others are refused, so that no issuer speaks for the customers of ' +
        'another. Needed when there are several tenants.',
    ),
  tenant: nonEmptyText
    .optional()
    .describe('Instead of `tenants`: the one tenant of all its tokens, also of those without the claim.'),
  allowedClients: z
    .array(nonEmptyText)
    .min(1)
    .max(1024)
    .optional()
    .describe('Agents that may present these tokens; absent = all.'),
  introspection: z
    .strictObject({
      clientId: nonEmptyText.describe('The client that is registered there for this gateway.'),
      clientSecret: secret.describe('Its secret, as a reference.'),
    })
    .optional()
    .describe(
      'Ask this issuer about tokens that are no JWTs (RFC 7662). One issuer only: nothing says whose such a token ' +
        'is, and no issuer may see the tokens of another.',
    ),
  senderConstrained: z
    .boolean()
    .default(false)
    .describe('Accept only tokens that are bound to a key (DPoP, RFC 9449): a stolen one is then of no use.'),
  clockSkew: duration.prefault('30s').describe('Tolerated difference of clocks, at most 60s.'),
  maxTokenLifetime: duration.prefault('24h').describe('A token that lives longer is refused.'),
  jwksUri: nonEmptyText.optional().describe('Where the keys are, instead of what discovery says.'),
});

const server = z.strictObject({
  url: nonEmptyText.optional().describe('Streamable HTTP endpoint. Either this or `command`.'),
  plainHttp: z
    .literal('allow')
    .optional()
    .describe('Weakening: reach `url` or `baseUrl` without TLS outside loopback.'),
  headers: z
    .record(z.string().regex(HEADER_NAME), textOrSecret)
    .default({})
    .describe('Sent with every request; secrets as `{ secret: env:NAME, prefix: "Bearer " }`.'),
  ...openapiKeys,
  ...programKeys,
  tools: z
    .strictObject({
      allow: z
        .array(toolOrOperation)
        .max(5000)
        .optional()
        .describe(
          'Only these tools exist; absent = all that are approved. Needed with `openapi`: operations by ' +
            '`operationId`, `METHOD /path` or the name that the tool would have.',
        ),
      override: z
        .record(z.string().min(1).max(2048), toolOverride)
        .default({})
        .describe('With `openapi`: what is said of tools otherwise than in the document, by the text in `allow`.'),
    })
    .prefault({})
    .describe('Which tools exist.'),
  pin: z.enum(['first_use', 'approval']).optional().describe('Overrides `pins.mode`.'),
  verify: durationOrZero.optional().describe('Overrides `pins.verify`.'),
  era: z
    .enum(['auto', 'legacy', 'modern'])
    .default('auto')
    .describe(
      'Which revisions are spoken with it: those with `initialize` (`legacy`), or 2026-07-28 (`modern`). `auto` ' +
        'finds out; of both it takes `legacy` for a legacy client that may be asked something (`clientRequests`). ' +
        'Set it for a server that answers in one way and works in the other.',
    ),
  clientRequests: z
    .strictObject({
      sampling: z.boolean().default(false).describe("Weakening: the server may use the client's model."),
      elicitation: z.boolean().default(false).describe('Weakening: the server may ask the user for input.'),
      roots: z.boolean().default(false).describe("Weakening: the server may see the client's folders."),
    })
    .prefault({})
    .describe('What the server may ask of clients.'),
  additionalArguments: z
    .enum(['reject', 'allow'])
    .default('reject')
    .describe('`allow` (weakening) passes arguments that the schema does not name.'),
  errors: z
    .enum(['show', 'hide'])
    .default('show')
    .describe(
      'Whether a caller reads the text of an error of the server (one line, without what looks like a secret): ' +
        'a model needs it in order to go on. `hide` leaves the code.',
    ),
  required: z
    .boolean()
    .default(false)
    .describe('The gateway is not ready while this server cannot be reached; others are only reported.'),
  timeout: timerDuration.prefault('60s').describe('Longest wait for an answer, at most 24d.'),
  startTimeout: timerDuration
    .prefault('60s')
    .describe('How long a program may take to start: `npx`, `uvx` and `docker` may have to download it first.'),
  maxResult: sizeInMemory.optional().describe('Overrides `inspect.maxResult`.'),
  links: z
    .strictObject({
      max: z.int().min(1).max(10_000).default(64).describe('Upstream sessions or child processes.'),
      maxPerPrincipal: z.int().min(1).max(1000).default(8).describe('…of one user, whatever its clients.'),
      maxPerTenant: z
        .int()
        .min(1)
        .max(10_000)
        .optional()
        .describe('…of one tenant. In any case users and tenants share `max` so that whoever comes next gets some.'),
      idle: timerDuration.prefault('5m').describe('An idle one ends after this, at most 24d.'),
    })
    .prefault({})
    .describe('How many connections that carry an identity.'),
  labels: z.array(nonEmptyText).max(64).default([]).describe('What is known of the server; policies can read it.'),
});

/** Validates a configuration and fills in its defaults. */
export const schema = z.strictObject({
  gateway: gateway.prefault({}).describe('The listener for MCP clients.'),
  admin: admin.prefault({}).describe('The listener for operators.'),
  data: nonEmptyText
    .default('./data')
    .describe('Folder for the audit log and the sealing key, and for keys and pins unless `database` is set.'),
  database: database
    .optional()
    .describe(
      'PostgreSQL for what several processes share: requests for approval, API keys, pins and sessions. ' +
        '`postgres://USER@HOST/DATABASE`, or a reference to such a URL (`env:NAME`). SQLite in the data folder when ' +
        'absent.',
    ),
  tenants: z
    .array(z.string().regex(TENANT_ID, 'must be 1-64 characters of A-Z a-z 0-9 . _ - and start with a letter or digit'))
    .min(1)
    .max(10_000)
    .default(['default'])
    .describe('Tenants that exist.'),
  identity: z
    .strictObject({
      issuers: z.array(issuer).max(64).default([]).describe('Authorization servers whose tokens are accepted.'),
      dpop: z
        .strictObject({
          nonce: z
            .enum(['optional', 'required'])
            .default('optional')
            .describe(
              'Whether a proof must have a nonce that this process gave out. `required` where several serve: a proof ' +
                'for one is then of no use at another.',
            ),
        })
        .prefault({})
        .describe('Proofs of possession (RFC 9449).'),
      apiKeys: z.boolean().default(true).describe('Accept keys made with `sallyport keys create`.'),
    })
    .prefault({})
    .describe('Who is let in.'),
  servers: z
    .record(z.string().regex(SERVER_NAME, 'must be 1-32 characters of a-z 0-9 -'), server)
    .default({})
    .describe('MCP servers by name.'),
  pins: z
    .strictObject({
      mode: z
        .enum(['first_use', 'approval'])
        .default('first_use')
        .describe(
          '`first_use` (weakening) trusts a definition when it is first seen; ' +
            '`approval` waits for `sallyport pins approve`.',
        ),
      verify: durationOrZero
        .prefault('30s')
        .describe('How old the last comparison of a live definition with its pin may be; 0 = compare every time.'),
    })
    .prefault({})
    .describe('Approved definitions.'),
  policies: z
    .strictObject({
      cedar: nonEmptyText.optional().describe('Folder with `*.cedar`. Without policies every call is refused.'),
    })
    .prefault({})
    .describe('Who may do what.'),
  limits: z
    .record(z.string().regex(/^[a-z0-9_-]{1,32}$/, 'must be the name of a tier'), rates)
    .prefault({ default: '100/min per user per tool' })
    .describe('Rate limits by tier; `default` is for credentials that name none.'),
  approvals: approvals.prefault({}).describe('Human approval.'),
  control: control.prefault({}).describe('The dashboard and the control API.'),
  inspect: z
    .strictObject({
      maxResult: sizeInMemory.prefault('4Mi').describe('Largest result that is passed on, at most 256Mi.'),
    })
    .prefault({})
    .describe('What may come back.'),
  audit: z
    .strictObject({
      folder: nonEmptyText.optional().describe('Folder of the log; `<data>/audit` when absent.'),
      origin: z
        .string()
        .regex(/^[a-z0-9][a-z0-9./:-]{0,127}$/, 'must be a name such as sallyport.example.com')
        .default('sallyport.local')
        .describe('Name of the log in its checkpoints. Never change it for a log that exists.'),
      clearArguments: z
        .array(z.string().regex(/^[^/\s]+\/[^/\s]+\/\S+$/, 'must be server/tool/field'))
        .max(1000)
        .default([])
        .describe(
          'Arguments that are recorded in clear (`server/tool/field`, `*` for one segment); ' +
            'all others are hashed with a key.',
        ),
      segment: size.prefault('64Mi').describe('Size at which a new file is begun.'),
    })
    .prefault({})
    .describe('The audit log.'),
  shutdown: z
    .strictObject({
      grace: durationOrZero
        .refine((ms) => ms < 2 ** 31, 'must be at most 24d')
        .prefault('30s')
        .describe('How long calls under way may take to finish after SIGTERM; then they are cut off and told so.'),
    })
    .prefault({})
    .describe('How the gateway stops.'),
  log: z
    .strictObject({
      level: z
        .enum(['debug', 'info', 'warn', 'error'])
        .default('info')
        .describe('Least severe message that is written.'),
    })
    .prefault({})
    .describe('The log of the process.'),
  demo: z
    .boolean()
    .default(false)
    .describe('Weakening: the built-in authorization server with demo users. Loopback only.'),
});

/** A configuration after validation, with its defaults and its units read. */
export type ParsedConfig = z.output<typeof schema>;
/** One server of it. */
export type ParsedServer = z.output<typeof server>;
/** One issuer of it. */
export type ParsedIssuer = z.output<typeof issuer>;
/** A header or variable: text, or a reference to a secret. */
export type TextOrSecret = z.output<typeof textOrSecret>;
/** The TLS files of a listener. */
export type ParsedTls = z.output<typeof tls>;

/** JSON Schema 2020-12 of what a person writes. */
export function jsonSchemaOfConfig(): Record<string, unknown> {
  return { ...z.toJSONSchema(schema, { io: 'input', unrepresentable: 'any' }), title: 'sallyport.yaml' };
}
