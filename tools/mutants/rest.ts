/** Changes of what makes tools of a REST interface: requests, answers, documents, and how the gateway reaches it. */
import { changesIn, type Change } from './change.ts';

const inOpenApi = changesIn('packages/server/src/openapi');
const inHttp = changesIn('packages/server/src/http');
const inGateway = changesIn('packages/gateway/src');
const REQUESTS = ['request.test.ts', 'places.test.ts'];
const DOCUMENTS = ['from-document.test.ts'];
const ANSWERS = ['answer.test.ts'];
const REACHING = ['upstream/openapi/openapi.test.ts', 'test/e2e/crm-over-rest.test.ts'];

const requests: readonly Change[] = [
  ...inOpenApi('encode-path.ts', REQUESTS, [
    ["if (text !== segment && (text === '' || isStep(text)))", "if (text !== segment && text === '')"],
    ["if (text !== segment && (text === '' || isStep(text)))", 'if (text !== segment && isStep(text))'],
    ['DECODINGS_MAX = 4', 'DECODINGS_MAX = 1'],
    ["(part.split(';')[0] ?? '')", 'part'],
    [".normalize('NFKC')", ''],
    ['    if (/[\\p{Cc}]/u.test(text)) throw', '    if (false) throw'],
  ]),
  ...inOpenApi('encode-value.ts', REQUESTS, [
    ['  if (texts.some((text) => delimiters.test(text)))', '  if (false)'],
    ['  if (OBJECT_KEY.test(key)) return key;', '  if (true) return key;'],
    ['    if (reserved.has(name.toLowerCase()))', '    if (false)'],
    ["encodeURIComponent(text).replace(/[!'()*]/g", 'encodeURIComponent(text).replace(/[!]/g'],
    ['${percentEncoded(name)}=${percentEncoded(value)}', '${percentEncoded(name)}=${value}'],
    ['  if (text.isWellFormed()) return text;', '  if (true) return text;'],
  ]),
  ...inOpenApi('request.ts', REQUESTS, [
    ['    if (!HEADER_VALUE.test(text))', '    if (false)'],
    ['  if (target.length > TARGET_CHARACTERS_MAX) throw', '  if (false) throw'],
    [
      "    if (style !== 'cookie') return named.map(([key, text]) => [key, percentEncoded(text)]);",
      "    if (style !== 'cookie') return named;",
    ],
    ['    [...parameters, ...auth]', '    [...parameters]'],
  ]),
  ...inOpenApi(
    'encode-body.ts',
    REQUESTS,
    [
      ["name.replaceAll('\"', '%22')", 'name'],
      ['  if (!isBase64) throw', '  if (false) throw'],
      ['sallyport-${crypto.randomUUID()}', 'sallyport'],
    ].slice(0, 2) as never,
  ),
  ...inOpenApi('parameters.ts', REQUESTS, [
    ["if (place === 'header' && isReserved(name.toLowerCase())) return", 'if (false) return'],
    ["'x-forwarded-', ", ''],
  ]),
];

const documents: readonly Change[] = [
  ...inOpenApi('references.ts', DOCUMENTS, [
    ["  if (!reference.startsWith('#'))", '  if (false)'],
    ['|| !Object.hasOwn(value, key)) return undefined', ') return undefined'],
  ]),
  ...inOpenApi('read-document.ts', DOCUMENTS, [
    ['ALIASES_MAX = 1_000', 'ALIASES_MAX = -1'],
    ["Object.hasOwn(value, '__proto__')", 'false'],
    ['    if (depth > DEPTH_MAX) throw', '    if (false) throw'],
  ]),
  ...inOpenApi('operations.ts', DOCUMENTS, [
    ['    if (found.length > 1) throw', '    if (false) throw'],
    ['if (found.length === 1) return', 'if (found.length > 0) return'],
  ]),
  ...inOpenApi('convert-schema.ts', DOCUMENTS, [
    ["const flag = direction === 'input' ? 'readOnly' : 'writeOnly';", "const flag = 'writeOnly';"],
    ["    if (direction === 'input' && isOpen && hidden.size > 0)", '    if (false)'],
    ["[isPlain ? 'additionalProperties' : 'unevaluatedProperties']: false", "[isPlain ? 'title' : 'title']: ''"],
    ['.filter((name) => !hidden.has(name))', ''],
  ]),
  ...inOpenApi('from-document.ts', DOCUMENTS, [
    ['SCHEMA_BYTES_MAX = 48 * 1024', 'SCHEMA_BYTES_MAX = 48 * 1024 * 1024'],
    ['      if (tools.some((other) => other.name === tool.name))', '      if (false)'],
    ['  if (!isToolName(name))', '  if (false)'],
  ]),
  ...inOpenApi('from-document.ts', REQUESTS, [
    ['    if (!isFilled && fixed[`path:${name}`] === undefined)', '    if (false)'],
    ['  if (isBroken || ', '  if (false && '],
  ]),
  ...inOpenApi('security.ts', DOCUMENTS, [
    [
      'schemes.length > 0 && schemes.every((scheme) => given.has(scheme))',
      'schemes.some((scheme) => given.has(scheme))',
    ],
  ]),
  ...inOpenApi('clean-text.ts', DOCUMENTS, [
    ["    .replace(INVISIBLE, '')\n", ''],
    ['withoutComments(text.slice(0, charactersMax * READ_TIMES))', 'text.slice(0, charactersMax * READ_TIMES)'],
  ]),
];

const answers: readonly Change[] = [
  ...inOpenApi('answer.ts', ANSWERS, [
    ['  if (!isAccepted(operation, type)) return', '  if (false) return'],
    ['depthOf(text) > DEPTH_MAX ? undefined', 'false ? undefined'],
    ["  if (operation.answer === 'object' && structured === undefined) return", '  if (false) return'],
    ["new TextDecoder('utf-8', { fatal: true })", "new TextDecoder('utf-8')"],
    ['!Number.isSafeInteger(value) && /^-?\\d+$/', 'false && /^-?\\d+$/'],
  ]),
  ...inOpenApi('answer-error.ts', ANSWERS, [
    ['errorText(saidIn(response), secrets)', 'errorText(saidIn(response), [])'],
    ['errorText(saidIn(response), secrets)', 'saidIn(response)'],
    ["status === 401 ? '' : ", ''],
    ['Math.min(seconds, RETRY_SECONDS_MAX)', 'seconds'],
  ]),
  ...inOpenApi('trim.ts', ANSWERS, [
    ["  if (bytesOf(value, '', []) <= bytesMax) return", '  if (true) return'],
    ["  if (bytesOf(copy, '', []) > bytesMax) return undefined;\n", ''],
  ]),
  ...inOpenApi('pages.ts', ANSWERS, [
    [
      "if (typeof cursor === 'string' && CURSOR.test(cursor)) return cursor;",
      "if (typeof cursor === 'string') return cursor;",
    ],
  ]),
];

const gateway: readonly Change[] = [
  ...inGateway('upstream/openapi/call.ts', REACHING, [
    ["settings.errors === 'hide' && ", 'false && '],
    ['secrets: secretsOfTransport(transport)', 'secrets: []'],
    ["  signal.addEventListener('abort', cancel, { once: true });\n", ''],
    ["  if (signal.aborted) throw new GuardError('cancelled');\n", ''],
    ['timeoutMs === undefined ? undefined : setTimeout', 'true ? undefined : setTimeout'],
    ['Math.min(transport.trimBytes, outbound.bytesMax)', 'outbound.bytesMax'],
  ]),
  ...inGateway('upstream/openapi/definition.ts', REACHING, [['    _meta: operationMeta(tool),\n', '']]),
  ...inGateway(
    'config/openapi.ts',
    ['config/openapi.test.ts'],
    [
      ['  for (const error of errors) reportError(', '  for (const error of errors.slice(1)) reportError('],
      ['  if ((server.tools.allow ?? []).length === 0)', '  if (false)'],
    ],
  ),
];

const client: readonly Change[] = [
  ...inHttp(
    'client.ts',
    ['client.test.ts'],
    [
      ['next?.origin !== exchange.origin || next.username', 'next === null || next.username'],
      ["(request.method === 'GET' || request.method === 'HEAD') && hops", 'hops'],
      ['&& hops < redirectsMax', ''],
      ["if (encoding !== undefined && encoding !== 'identity')", 'if (false)'],
      ['if (received.length + chunk.length > bytesMax) throw', 'if (false) throw'],
      ['AbortSignal.any([signal, timeout])', 'timeout'],
      ['AbortSignal.any([signal, timeout])', 'signal'],
      ['isInternal: () => internal,', 'isInternal: () => true,'],
      ["  if (url.protocol === 'http:' && !isLoopback(url.hostname) && plainHttp !== 'allow')", '  if (false)'],
    ],
  ),
  ...inHttp(
    'headers.ts',
    ['client.test.ts'],
    [
      ['if (!VALUE.test(value)) throw new ToolError', 'if (false) throw new ToolError'],
      ['|| RESERVED.has(lower)', ''],
    ],
  ),
  ...inHttp(
    'path.ts',
    ['client.test.ts'],
    [
      ["  if (text === '') return true;", ''],
      ['  if (/\\p{Cc}/u.test(text)) throw', '  if (false) throw'],
      ['if (!text.isWellFormed()) throw', 'if (false) throw'],
      ["|| first.startsWith('//')", ''],
      ['DECODINGS_MAX = 4', 'DECODINGS_MAX = 1'],
    ],
  ),
];

export const rest: readonly Change[] = [...requests, ...documents, ...answers, ...gateway, ...client];
