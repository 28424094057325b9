/**
 * The threats that code and tests name by an id, each in a sentence, with the defence against it. `npm run docs` writes
 * `docs/reference/threats.md` from this table and from the tests that name the ids (`threats-page.ts`);
 * `threats.test.ts` fails for an id without a row and for a row without a test.
 */
import { row, type Threat } from './threat.ts';
import { APPROVALS } from './threats-approvals.ts';
import { MEANS } from './threats-means.ts';
import { REST } from './threats-rest.ts';
import { UNTRUSTED_CODE } from './threats-untrusted-code.ts';

/** Families of ids, in the order of the page. */
export const FAMILIES = {
  A: 'Attacks on the way of a call',
  O: 'Access tokens',
  P: 'The authorization server and its flows',
  H: 'HTTP, browsers and transports',
  J: 'JSON, schemas and data',
  S: 'Addresses, resources and state',
  R: 'Imported descriptions',
  U: 'Approvals',
  X: 'Untrusted code and programs',
  D: 'Load',
  B: 'Bounded work and fair shares',
  L: 'The log under faults',
} as const;

export const THREATS: Readonly<Record<string, Threat>> = {
  B2: row(
    'Framing that costs memory: bodies, answers and lines in pieces of one byte.',
    'The bytes of a message are copied into one bounded buffer, which holds at most four times what was sent.',
  ),
  B3: row(
    'A body is read before what its head already forbids: an unknown path, type or Host, no credential, too long.',
    'The head is judged first, and nothing is read from the socket meanwhile.',
  ),
  L9: row(
    'A signal at any moment of a start or a stop loses calls, records or the truth about what was executed.',
    'Signals are handled from the first moment; calls under way finish within a grace, new ones get 503, what is cut ' +
      'off is told so, and the process exits with 0.',
  ),
  B7: row(
    'One user or tenant takes a shared thing: sessions and sockets to servers, calls under way, streams, memory, ' +
      'descriptors, the disk of the log.',
    'Each tenant and each user, whatever its client ids, has a share that leaves some to whoever comes next; ' +
      'descriptors are kept in reserve.',
  ),
  B10: row(
    'A handle outlives the right: tasks, streams, subscriptions, answers under way, after a policy, key, tenant, ' +
      'server or limit changed.',
    'A task belongs to its tool, pin, principal and an expiry. Whoever uses a handle is judged again.',
  ),
  B11: row(
    'What one caller chose (capabilities, extensions) changes what others get.',
    'What a caller alone is shown decides for that caller; the gateway looks for itself before others feel it.',
  ),
  B12: row(
    'Two spellings of one resource: percent-encoding, case, dot segments, ports, Unicode forms.',
    'A URI that is not in the normal form of RFC 3986 is refused before anything is looked up or decided.',
  ),
  B8: row(
    'Methods that are aimed at no tool escape limits per tool: tasks, lists, initialize.',
    'Each user has a limit for everything that reaches a server.',
  ),
  B9: row(
    'Refused strangers fill the disk with records.',
    'A few are recorded in full; the others, and those of users without a tenant, are summed up once a minute.',
  ),
  B13: row(
    'Live text of a server reaches clients beside the pins: capabilities, server info, `_meta`, notifications, errors.',
    'Capabilities are an allow-list and pinned; of a server of which nothing is approved no text passes; errors of ' +
      'other calls have a bounded text that was inspected, and of their data only known members pass.',
  ),
  R6: row(
    'The error of a server holds secrets, a stack trace or markup.',
    'A caller reads one line of at most 500 characters without any of them, and nothing with `errors: hide`.',
  ),
  B14: row(
    'An issuer names a tenant that belongs to another customer.',
    'The configuration binds each issuer to the tenants that it may name; any other one does not exist for it.',
  ),
  A2: row(
    'A server hides instructions in any field of a definition, unknown fields included.',
    'The pin is a digest over the whole definition; a definition with any other field value is withheld.',
  ),
  A3: row(
    'A server changes a definition after it was approved (rug pull), also for some callers or some calls only.',
    'The live definition is compared with its pin when it is listed and when it is called.',
  ),
  A5: row(
    'A server registers a name that looks like the name of another tool or server.',
    'Names are restricted to ASCII; names that look alike are refused; `server__tool` splits in one way only.',
  ),
  A7: row(
    'Text carries characters that a person cannot see (bidirectional, zero-width, tag characters, escape sequences).',
    'The command line and the log show them escaped.',
  ),
  A8: row(
    'A result of a tool carries instructions, unknown content or more data than the schema allows.',
    'Results are bounded in size and checked against the pinned output schema.',
  ),
  A11: row(
    'The token of a caller reaches a server behind the gateway.',
    'No header, cookie or token of the caller is forwarded.',
  ),
  A12: row(
    'A client uses the consent that a user gave to another client (confused deputy).',
    'Every client of the authorization server needs a consent of its own.',
  ),
  A13: row(
    'A list is filtered by rights, but the call is not.',
    'One decision function serves list, call, read, get, subscribe and complete.',
  ),
  A14: row(
    'A route or a transport skips authorization.',
    'Every route of the gateway is in one table, and every call passes the guard.',
  ),
  A15: row(
    'An unknown id is taken for "all".',
    'What does not exist and what may not be seen are answered alike, with no upstream call.',
  ),
  A16: row(
    'The headers of a request say something else than its body.',
    'A request whose headers and body disagree is refused before any decision.',
  ),
  A17: row(
    'Two JSON parsers read the same bytes differently.',
    'One strict parse; the arguments go upstream as the bytes that were judged.',
  ),
  A18: row(
    'A caller presents the session, task, state or event id of another caller.',
    'Every handle is sealed for its principal and purpose; a foreign one is answered as an unknown one.',
  ),
  A19: row(
    'A caller receives the answer to the request of another caller.',
    'Request ids are rewritten per upstream session, and no session is shared between principals.',
  ),
  A20: row(
    'A web page reaches the gateway on loopback through DNS rebinding.',
    'The Host header and the Origin header must be ones that were configured.',
  ),
  A21: row(
    'A document of somebody else makes the gateway connect inside the network (SSRF).',
    'Addresses are resolved, judged and then connected to; see S1 to S8.',
  ),
  A24: row(
    'A caller or a server exhausts memory, processor, streams or connections.',
    'Bytes, depth, keys, pages, streams, sessions and time are bounded.',
  ),
  A25: row(
    'A cached answer reaches a caller for whom it was not meant.',
    'Results are marked private, whatever the server says of them.',
  ),
  A26: row(
    'Markup in names, descriptions, arguments or reasons runs in the dashboard.',
    'The API answers it as data in JSON; the page shows text only, under a strict Content-Security-Policy.',
  ),
  A27: row(
    'A secret appears in a log, a record, a metric or an error.',
    'Secrets and tokens are redacted; arguments are recorded as keyed hashes unless configured otherwise.',
  ),
  A28: row(
    'A configuration value expands environment variables.',
    'Nothing is expanded; secrets are explicit references.',
  ),
  A29: row(
    'A component fails, and the call goes through all the same.',
    'Every error in a stage, an adapter or the audit log refuses the call.',
  ),
  A30: row(
    'A key is empty, too short, or a placeholder from documentation.',
    'The gateway refuses to start with such a key.',
  ),
  A32: row(
    'A server is reached without passing the gateway.',
    'Nothing reaches an upstream without a permit that only the guard makes.',
  ),
  A34: row(
    'The audit log is changed, cut, or made to lose records by a crash or a full disk.',
    'The log is an RFC 6962 tree with signed checkpoints; a call that cannot be recorded is refused.',
  ),
  A35: row('A chain of delegation grows without limit or widens rights.', 'Chains of actors are bounded in depth.'),
  A36: row(
    'A server uses sampling or elicitation to misuse the model or the user of a client.',
    'A request of a server to a client is a call of its own: it needs configuration and passes the guard.',
  ),
  O1: row('A token has no signature or an algorithm of its own choice.', 'Algorithms come from the configuration.'),
  O2: row('A token is signed by another kind of key (HMAC with a public key).', 'The key must fit the algorithm.'),
  O3: row('A signature or an encoding is malformed or not canonical.', 'Tokens are read strictly: one spelling each.'),
  O4: row(
    'The key id carries a path, a query or a prototype name.',
    'Key ids are looked up in a map and nowhere else.',
  ),
  O5: row('A key id is missing or names several keys.', 'A token is accepted only when exactly one key fits.'),
  O6: row('A token brings its own key (`jku`, `x5u`, `jwk`, `x5c`).', 'Keys come from the configured issuer only.'),
  O7: row('A token asks for critical extensions, compression or encryption.', 'Such tokens are refused.'),
  O8: row('A flood of unknown key ids makes the gateway fetch keys.', 'Key fetches are limited in rate.'),
  O9: row(
    'The key endpoint is down, slow, huge or redirects.',
    'The last good keys serve for a bounded time; no redirects.',
  ),
  O10: row('The issuer removed a key.', 'Its tokens end within the documented time.'),
  O11: row('A token was issued for another audience.', 'The audience must match exactly.'),
  O12: row('A token was asked for under another resource indicator.', 'The resource is the exact audience (RFC 8707).'),
  O13: row('A token names another issuer, or one that is spelled otherwise.', 'Keys are chosen by exact issuer.'),
  O14: row(
    'A token was issued to a client that is not allowed.',
    'The client id is checked against the configured list.',
  ),
  O15: row('A token is expired, not valid yet, or valid too long.', 'Times are checked with a bounded clock skew.'),
  O16: row('An ID token or another kind of token is used as an access token.', 'The type must be `at+jwt` (RFC 9068).'),
  O17: row('A required claim is missing.', 'All claims that RFC 9068 requires must be present.'),
  O18: row('A token that is bound to a key comes without proof of the key.', 'Bound tokens are refused without proof.'),
  O19: row('A token that is bound to a certificate comes over another connection.', 'Such tokens are refused.'),
  O20: row('A token is in the query, the body, a cookie, or in two headers.', 'Only one Authorization header is read.'),
  O21: row(
    'An opaque token is not active, is for somebody else, or was revoked.',
    'The issuer is asked; its answer is checked.',
  ),
  O22: row('A scope is missing or only resembles the required one.', 'Scopes are compared as an exact set.'),
  O24: row('A token of one tenant is used for another.', 'The tenant comes from the verified credential only.'),
  O25: row('Subjects of two issuers have the same name.', 'The identity is the exact pair of issuer and subject.'),
  P1: row('A redirect URI resembles a registered one.', 'Redirect URIs match exactly (loopback ports may differ).'),
  P2: row('A redirect URI is missing or doubled.', 'An explicit match is required.'),
  P3: row('The proof key (PKCE) is missing or weak.', 'Only S256 is accepted.'),
  P4: row('An authorization code is used twice.', 'A code works once; its second use revokes the tokens.'),
  P5: row('The state of a sign-in is missing or belongs to another browser.', 'Such a sign-in is refused.'),
  P6: row('A second client rides on the consent for a first one.', 'Each client is shown to the user for consent.'),
  P7: row('The consent page is framed or posted from another site.', 'Framing is forbidden and posts carry a token.'),
  P8: row(
    'A sign-in that an attacker began is finished by the victim.',
    'A sign-in is bound to the browser that began it.',
  ),
  P9: row(
    'The answer of one issuer is taken for that of another (mix-up).',
    'The `iss` of the answer and of the ID token must be the issuer that was asked.',
  ),
  P10: row('A refresh token is used twice.', 'Rotation: the second use revokes the family.'),
  P11: row('A client registers with hostile metadata.', 'Registrations are bounded, and nothing in them is fetched.'),
  P13: row(
    'The metadata of an issuer names another issuer, keys at a private address or without TLS, or is huge.',
    'Only its own name counts; addresses are judged; at most 256 KiB are read.',
  ),
  P14: row('A redirect leads to a foreign page.', 'Only registered targets are redirected to.'),
  P16: row('Text breaks out of a quoted string of a challenge.', 'It is built from the configuration, and cleaned.'),
  P17: row('A session is fixed before the sign-in or outlives it.', 'A sign-in makes a new session.'),
  P18: row('Errors tell a wrong password from an unknown user.', 'Both are answered alike.'),
  P19: row('The Host header poisons metadata.', 'Issuer and resource come from the configuration.'),
  H1: row('A request names a foreign Host or Origin.', 'It is refused before its body is read.'),
  H2: row(
    'A foreign origin reads answers in a browser.',
    'CORS headers only for configured origins, never credentials.',
  ),
  H3: row(
    'A foreign page makes a browser change something.',
    'The control plane accepts no request from another site.',
  ),
  H4: row(
    'Two HTTP parsers see different requests (smuggling).',
    'Ambiguous framing is refused and the connection closed.',
  ),
  H5: row(
    'A header carries line breaks or characters that no header can hold.',
    'Such headers are refused or encoded.',
  ),
  H6: row('`Mcp-Method`, `Mcp-Name` or the version is missing, doubled or different.', 'The request is refused.'),
  H7: row('A client sends forwarding headers of a proxy.', 'They are ignored.'),
  H8: row('A client sends or reads very slowly.', 'Headers, bodies and idle connections have time limits.'),
  H9: row('Streams are opened without end or never read; events break the framing.', 'Streams and queues are bounded.'),
  H10: row('A body is too large, not JSON, or in another charset.', 'It is refused before it is parsed.'),
  H11: row('A compressed body expands without limit.', 'Compressed requests and answers are refused.'),
  H12: row('Requests come in a batch.', 'Batches are refused.'),
  H13: row('A path or method is spelled in another way.', 'Exact paths only; nothing is normalised.'),
  H14: row(
    'Cookies are used to smuggle something.',
    'Only the admin listener reads cookies: its own two (`__Host-`), and neither beside another credential.',
  ),
  H15: row('An outdated TLS version or a wrong certificate is used.', 'TLS 1.2 and 1.3 only.'),
  H16: row('A cache stores an authenticated answer.', 'Answers carry `Cache-Control: no-store`.'),
  H17: row(
    'A caller evades a limit with more sessions, clients or addresses.',
    'Limits are keyed by principal and tenant.',
  ),
  H18: row(
    'A stdio server writes noise or too long lines, does not end, leaves its session, or reads the secrets of others.',
    'Lines are bounded; all that it started is found and ended; no environment shows what the gateway was given.',
  ),
  J1: row('Names of prototypes appear as keys or names.', 'Lookups use maps; such keys are refused or inert.'),
  J2: row('A key appears twice.', 'The message is refused.'),
  J3: row('A key differs in case or in Unicode form.', 'Keys are compared exactly.'),
  J4: row('A document is too deep, too wide or has inexact numbers.', 'It is refused while it is parsed.'),
  J5: row('A JSON-RPC envelope is malformed.', 'It is refused with the code of the specification.'),
  J6: row('A number changes between check and sending.', 'Inexact numbers are refused; bytes are forwarded as judged.'),
  J7: row('A pattern in a schema runs without end.', 'Patterns run on a linear-time engine.'),
  J8: row('A schema references remote documents or explodes.', 'No network; size and depth of schemas are bounded.'),
  J9: row('A call carries undeclared arguments.', 'They are refused unless configured otherwise.'),
  J10: row('A value is coerced to another type.', 'Nothing is coerced and no default is filled in.'),
  J11: row('A pattern in the configuration matches more than meant.', 'Patterns match the whole text.'),
  J12: row('A result does not fit its output schema.', 'The result is blocked.'),
  J13: row(
    'Text breaks out of its line in a log or a table.',
    'One record is one line; control characters are escaped.',
  ),
  J14: row('A list never ends or repeats a cursor.', 'Pages are bounded, and a repeated cursor ends the list.'),
  J15: row('`_meta` is huge or carries reserved keys.', '`_meta` is bounded; reserved keys are removed.'),
  S1: row(
    'An address of another scheme is fetched: file, ftp, data, plain HTTP.',
    'Only https, before anything is resolved.',
  ),
  S2: row(
    'A name or a spelling of an address leads to this machine, a private network or a metadata service.',
    'What a name resolves to is judged, each address of it, whatever its spelling.',
  ),
  S3: row(
    'A name resolves to another address when it is connected to than when it was checked.',
    'A name is resolved once for a connection, and the checked address is connected to.',
  ),
  S5: row(
    'Two parsers read an address differently: credentials, backslashes, fragments, line breaks inside.',
    'One parser reads it, and what it read is judged and connected to; credentials in it are refused.',
  ),
  S6: row('Proxy variables of the environment redirect requests.', 'They are ignored.'),
  S8: row(
    'A link in a result makes the gateway fetch what it leads to.',
    'The gateway fetches nothing that a result names.',
  ),
  S4: row('An upstream redirects a request.', 'Redirects are not followed.'),
  S7: row('A resource is read by another address than the one that was listed.', 'The concrete address is authorized.'),
  S9: row('Names are confusing, reserved or too many.', 'They are refused, and their number is bounded.'),
  S10: row('A definition differs between list and call.', 'It is withheld until a person approves it.'),
  S11: row('A handle is replayed, altered or expired.', 'Handles are sealed; any change makes them unknown.'),
  S12: row('A right is removed while a stream is open.', 'Open streams are authorized again within seconds.'),
  S13: row('A cancelled call still gets a result.', 'The result is recorded and delivered to nobody.'),
  ...REST,
  ...APPROVALS,
  ...MEANS,
  ...UNTRUSTED_CODE,
  D1: row('One tenant makes all the noise it can.', 'Other tenants see no error.'),
  D2: row('Memory, descriptors or rows grow for good.', 'Whatever is kept is bounded.'),
  B1: row(
    'Text takes more than linear time to read: long numbers, runs of spaces, nested repetitions.',
    'Literals are capped, and no pattern that can backtrack reads foreign text.',
  ),
  B4: row(
    'The check of a value against a schema or a pattern explodes.',
    'Every step is counted; beyond a budget that grows with the value, the call is refused with the reason.',
  ),
  B5: row(
    'Sizes are counted after parsing or not at all; what is kept is bounded in number and not in bytes.',
    'Received bytes are counted on every path; a definition, a server and a list have limits in bytes.',
  ),
  B6: row(
    'A server floods standard error, standard output, notifications, progress or log messages.',
    'What nobody asked for is read at a bounded rate, and a flood that goes on ends the process or the answer.',
  ),
  L1: row(
    'The disk is full, fails, or there are no descriptors left, at any system call of the log.',
    'Descriptors have one owner. No error shortens a file. After a failed write a new segment begins.',
  ),
  L2: row(
    'The power fails: any of the pages that were not synced are lost.',
    'What was never acknowledged is set aside into a file and recorded; what was acknowledged is never cut off.',
  ),
  L3: row(
    'The log of one tenant is damaged.',
    'Its calls are refused, and `/ready` and the log name it; the gateway starts and serves the others.',
  ),
  L4: row(
    'A log is rolled back or spliced, any or all of its files are deleted, checkpoints shrink or are repeated.',
    '`audit verify` names it; `--checkpoint` or `--witness` what only a checkpoint elsewhere can show.',
  ),
  L5: row(
    'A log is larger than memory; lists of checkpoints grow for years.',
    'The commands read in pieces and keep little of it; lists of checkpoints are rotated.',
  ),
  L6: row(
    'The folder of a log is deleted, renamed or unmounted while the gateway runs.',
    'Each commit looks for its file before it is acknowledged; a folder that vanished is not made again.',
  ),
  L7: row(
    'The clock is set back or forth, or stands still.',
    'Pauses, deadlines, ages and rate limits are of a clock that is never set.',
  ),
  L8: row(
    'The store (keys, pins, sessions) is held by another process, or damaged.',
    'It is tried again after a pause and not waited for on the event loop; `/ready` reads every table from the file.',
  ),
  L10: row(
    'An answer that may follow an execution is taken for a reason to send the call again.',
    'Only a call of which nothing has left the gateway is sent again.',
  ),
};
