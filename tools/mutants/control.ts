/** Changes of the endpoints for operators, and of the messages of the protocol that every part reads. */
import { changesIn, type Change } from './change.ts';

const inControl = changesIn('packages/gateway/src/control');
const inMcp = changesIn('packages/gateway/src/mcp');

export const control: readonly Change[] = [
  ...inControl(
    'host-check.ts',
    ['heads.test.ts', 'admin.test.ts', 'router.test.ts'],
    [
      ['if (hosts.length !== 1 || host === undefined) return false;', 'if (host === undefined) return false;'],
      ['if (isLoopback(listenHost) && port !== request.socket.localPort) return false;', ''],
      ['isIP(name) !== 0 && (!isLoopback(listenHost) || isLoopback(name))', 'true'],
      ['(!isLoopback(listenHost) || isLoopback(name))', 'true'],
      ["origins.length === 1 && origins[0] === `${scheme}://${request.headers.host ?? ''}`", 'true'],
    ],
  ),
  ...inControl(
    'json-body.ts',
    ['heads.test.ts', 'router.test.ts'],
    [
      ['if (!isJson(request)) return { refusal: WRONG_TYPE };', ''],
      ['if (Number(length ?? 0) > BODY_BYTES_MAX) return { refusal: TOO_LARGE };', ''],
      ['if (body.length + chunk.length > BODY_BYTES_MAX) return TOO_LARGE;', ''],
      ['depthMax: DEPTH_MAX', 'depthMax: DEPTH_MAX * 1_000'],
      ["if (encoding !== undefined && encoding !== 'identity') return false;", ''],
    ],
  ),
  ...inControl(
    'ready.ts',
    ['admin.test.ts', 'ready.test.ts'],
    [
      ['await Promise.race([timeout, check.run()])', 'await check.run()'],
      ["return details ? failure : 'failing';", 'return failure;'],
      ['!required || !members.some(([, failure]) => isFailure(failure))', 'true'],
      ["    return 'failed';\n", '    return undefined;\n'],
      ['entry === undefined || now >= entry.expiresAtMs', 'true'],
      ['failure !== undefined && !isTolerated(failure);', 'failure !== undefined;'],
      ['TIMEOUT_MS = 2_000', 'TIMEOUT_MS = 2_000_000'],
      ['CACHE_MS = 1_000', 'CACHE_MS = 1_000_000'],
    ],
  ),
  ...inControl(
    'router.ts',
    ['router.test.ts', 'admin.test.ts'],
    [
      ['!hostIsAllowed(request, listenHost, allowedHosts) || !originIsAllowed(request)', '!originIsAllowed(request)'],
      [
        '!hostIsAllowed(request, listenHost, allowedHosts) || !originIsAllowed(request)',
        '!hostIsAllowed(request, listenHost, allowedHosts)',
      ],
      ["caller === undefined && authentication === 'required' ? 'refused' : caller", 'caller'],
      ["if (caller === 'refused') {", 'if (false) {'],
      ['Object.hasOwn(endpoints, name) ? (name as EndpointMethod) : undefined', 'name as EndpointMethod'],
      ["if (length !== undefined || encoding !== undefined) response.setHeader('Connection', 'close');", ''],
      ["jsonResponse(500, { error: 'internal' })", 'jsonResponse(500, { error: cause })'],
      ['    setSecurityHeaders(request, response);\n', ''],
    ],
  ),
  ...inControl(
    'public-health.ts',
    ['admin.test.ts'],
    [
      ['createReady({ checks, details: false })', 'createReady({ checks, details: true })'],
      ["if (request.method !== 'GET' && request.method !== 'HEAD') {", 'if (false) {'],
    ],
  ),
];

export const protocol: readonly Change[] = [
  ...inMcp(
    'client-message.ts',
    ['client-message.test.ts'],
    [
      ['if (!Object.keys(value).every((key) => MESSAGE_MEMBERS.has(key)))', 'if (false)'],
      ['if (!isJsonRpc(value)) throw invalid(\'jsonrpc must be "2.0".\');', ''],
      ['|| !METHOD.test(method)', ''],
      ['if (result !== undefined || error !== undefined) throw', 'if (false) throw'],
      ["|| (typeof id === 'string' && id.length > ID_CHARACTERS_MAX)", ''],
      ['if ((result === undefined) === (error === undefined)) throw', 'if (false) throw'],
    ],
  ),
  ...inMcp(
    'lines.ts',
    ['lines.test.ts'],
    [
      ['const isTooLong = lineBytes > lineBytesMax;', 'const isTooLong = false;'],
      ['if (isTooLong) begun.take();\n        else if', 'if'],
    ],
  ),
  ...inMcp(
    'meta-keys.ts',
    ['meta-keys.test.ts'],
    [['(?:modelcontextprotocol|mcp)[./]/i', '(?:modelcontextprotocol|mcp)[./]/']],
  ),
  ...inMcp(
    'param-headers.ts',
    ['param-headers.test.ts'],
    [
      ['if (depth > SCHEMA_DEPTH_MAX) return Number.POSITIVE_INFINITY;', ''],
      ['names.size === found.length &&', ''],
      ['&& countAnnotations(inputSchema, false, 0) === found.length', ''],
      ['TOKEN.test(name) && path', 'path'],
    ],
  ),
];
