/** Changes of what a client reaches first: sockets, heads, bodies, sessions, streams and answers. */
import { changesIn, type Change } from './change.ts';

const inEdge = changesIn('packages/server/src/edge');
const inListen = changesIn('packages/server/src/listen');

const heads: readonly Change[] = [
  ...inEdge(
    'http/edge.ts',
    [
      'http/same-site.test.ts',
      'http/edge.test.ts',
      'http/raw-requests.test.ts',
      'http/mirrored-headers.test.ts',
      'test/attacks/header-body.test.ts',
    ],
    [
      ['    checkSameSite(request, context.snapshot.gateway);\n', ''],
      ['if (verdict.allowed) return;', 'return;'],
      ['  addressLimited();\n', ''],
      ['      checkNoBody(request);\n      return handleGet', '      return handleGet'],
      ['      checkNoBody(request);\n      return handleDelete', '      return handleDelete'],
      ['  checkNoMirrors(request.headers);\n', ''],
      ["|| Number(request.headers['content-length'] ?? 0) !== 0", ''],
    ],
  ),
  ...inEdge(
    'http/edge.ts',
    ['http/judged-by-head.test.ts'],
    [
      ['    await checkAddress(edge, context);\n    await handlePost', '    await handlePost'],
      ['    body.discard();\n    releaseWhenRead(context.response, share);', '    body.discard();'],
    ],
  ),
  ...inEdge(
    'http/edge.ts',
    ['http/raw-requests.test.ts'],
    [
      ['  checkMcpHeaders(request);\n', ''],
      ["request.headers['transfer-encoding'] !== undefined ||", ''],
    ],
  ),
  ...inEdge('http/edge.ts', ['http/subscriptions-listen.test.ts'], [['      closing.abort();\n', '']]),
  ...inEdge('http/post.ts', ['http/turns.test.ts'], [['if (turn !== undefined) await turn;', 'void turn;']]),
  ...inEdge(
    'http/body.ts',
    ['http/body.test.ts'],
    [
      ['      if (pieces % PIECES_MAX === 0 && request', '      if (pieces < 0 && request'],
      ['  request.holdBody();\n  waiting', '  waiting'],
      ['if (!isDiscarded()) request.readOn();', 'request.readOn();'],
      ['  if (waiting.length > 0) setImmediate(letOneReadOn);', '  while (waiting.length > 0) waiting.shift()?.();'],
    ],
  ),
  ...inEdge('http/edge.ts', ['test/attacks/stopping.test.ts'], [['edge.calls.finish(graceMs)', 'undefined']]),
  ...inEdge(
    'http/same-site.ts',
    ['http/same-site.test.ts', 'http/edge.test.ts'],
    [
      ['host === undefined || otherHost !== undefined || !isAllowedHost', 'host === undefined || !isAllowedHost'],
      ['|| !isAllowedHost(host, settings, port)', ''],
      ['otherOrigin !== undefined || (origin', '(origin'],
      ['(origin !== undefined && !isAllowedOrigin(origin, settings, port))', 'false'],
      ['if (name === undefined || !LOOPBACK_NAMES.has(name)) return false;', 'if (name === undefined) return false;'],
      [': Number(port) === localPort;', ': true;'],
      ['localPort === 80 || localPort === 443', 'true'],
      ['LOOPBACK_NAMES.has(name) && Number(port)', 'Number(port)'],
      ['&& Number(port) === localPort;', ';'],
    ],
  ),
  ...inEdge(
    'http/preflight.ts',
    ['http/same-site.test.ts'],
    [
      ["const isAllowed = headers['Access-Control-Allow-Origin'] !== undefined;", 'const isAllowed = true;'],
      ['.filter((name) => REQUEST_HEADER.test(name))', ''],
      ['.slice(0, REQUEST_HEADERS_MAX)', ''],
    ],
  ),
  ...inEdge(
    'large-messages.ts',
    ['large-messages.test.ts'],
    [
      ['REST_MS_PER_MIB = 50', 'REST_MS_PER_MIB = 0'],
      ['SMALL_BYTES_MAX = 64 * 1024', 'SMALL_BYTES_MAX = 64 * 1024 * 1024'],
      ['if (user !== last.user) otherAtMs = last.atMs;', ''],
    ],
  ),
  ...inEdge(
    'http/respond.ts',
    ['http/judged-by-head.test.ts'],
    [
      ['    setImmediate(() => request.holdBody());\n', ''],
      ["leaveBody(request, response, error.code === 'rate_limited');", 'leaveBody(request, response);'],
    ],
  ),
  ...inEdge('http/headers.ts', ['http/same-site.test.ts'], [['(isAllowed && {', '({']]),
  ...inEdge(
    'http/post.ts',
    ['http/judged-by-head.test.ts'],
    [
      ['  share.belongTo(holder);\n', ''],
      ['  checkBodyHead(context.request, bodyBytesMax);\n', ''],
    ],
  ),
  ...inEdge(
    'http/post.ts',
    ['http/messages.test.ts', 'http/raw-requests.test.ts', 'http/mirrored-headers.test.ts'],
    [
      ['depthMax: depthMax, keysMax', 'depthMax: depthMax * 1_000, keysMax'],
      ['keysMax: keysMax', 'keysMax: keysMax * 1_000'],
      ['  checkMcpHeaders(context.request);\n', ''],
      ["  checkMirrors(message, request.headers, 'optional');\n", ''],
    ],
  ),
  ...inEdge(
    'http/post.ts',
    ['test/attacks/stopping.test.ts'],
    [['if (context.request.headers[HEADER.sessionId] === undefined) edge.calls.checkOpen();', '']],
  ),
  ...inEdge(
    'http/body.ts',
    ['http/messages.test.ts', 'http/judged-by-head.test.ts', 'http/raw-requests.test.ts'],
    [
      ["throw new GuardError('unsupported_media_type');\n  const encoding", 'return;\n  const encoding'],
      ["if (encoding !== undefined && encoding !== 'identity')", 'if (false)'],
      ['if (declaredBytes(headers) > bytesMax)', 'if (false)'],
    ],
  ),
  ...inEdge(
    'http/respond.ts',
    ['http/judged-by-head.test.ts', 'http/raw-requests.test.ts'],
    [
      ["isShortRest(request) ? {} : { Connection: 'close' }", '{}'],
      ["if (!isShortRest(request)) response.once('finish', () => request.destroy());", 'if (false) return;'],
    ],
  ),
  ...inEdge(
    'http/respond.ts',
    ['http/edge.test.ts'],
    [
      ['  recordRejection(deps, snapshot, error.code, correlationId, address);\n', ''],
      ['    ...challengeHeaders(snapshot, route, error),\n', ''],
    ],
  ),
  ...inEdge('rejection.ts', ['http/edge.test.ts'], [['if (allowed) rejected', 'rejected']]),
  ...inEdge(
    'http/metadata.ts',
    ['http/edge.test.ts', 'http/metadata.test.ts'],
    [
      ["value.replace(/[^\\x20-\\x21\\x23-\\x5b\\x5d-\\x7e]/g, '')", 'value'],
      ["if (error.code !== 'unauthenticated' && error.code !== 'insufficient_scope') return {};", ''],
    ],
  ),
];

const bodies: readonly Change[] = [
  ...inEdge(
    'bytes-under-way.ts',
    ['sessions/shares.test.ts'],
    [["if (bytes > 0 && others > 0 && others + counted + bytes > left) throw shareRefusal('user', BYTES);", '']],
  ),
  ...inEdge(
    'bytes-under-way.ts',
    ['http/judged-by-head.test.ts'],
    [
      ["if (held > free) throw holder === undefined ? tooManyOfStrangers() : shareRefusal('tenant', BYTES);", ''],
      [
        '(holder === undefined ? strangerBytesMax : tenantBytesMax) - bytes',
        'strangerBytesMax + tenantBytesMax - bytes',
      ],
      ['          add(owner, -own);\n          own = 0;', '          own = 0;'],
      ['          add(holder, own);\n', ''],
      ['          own += bytes;\n', ''],
    ],
  ),
  ...inEdge(
    'calls-under-way.ts',
    ['test/attacks/stopping.test.ts'],
    [
      ['      checkOpen();\n      calls.add(abort);', '      calls.add(abort);'],
      ["      for (const abort of calls) abort.abort(new GuardError('interrupted'));\n", ''],
      ['      await empty(graceMs);\n', ''],
      ['      isStopping = true;\n', ''],
    ],
  ),
];

const eras: readonly Change[] = [
  ...inEdge(
    'eras/check-meta.ts',
    ['http/messages.test.ts', 'test/attacks/json.test.ts'],
    [
      ['if (JSON.stringify(meta).length > META_CHARACTERS_MAX)', 'if (false)'],
      ['if (token !== undefined && !isProgressToken(token))', 'if (false)'],
      ["typeof token === 'string' && token.length <= TOKEN_CHARACTERS_MAX", "typeof token === 'string'"],
      ["if (key === 'baggage') return false;", ''],
      ["if (key === 'traceparent') return isTraced;", ''],
      ["isTraced && typeof value === 'string' && TRACESTATE.test(value)", 'true'],
      ['key === META.relatedTask || !isReservedMetaKey(key)', 'true'],
    ],
  ),
  ...inEdge(
    'eras/mirrors.ts',
    ['http/mirrored-headers.test.ts'],
    [
      ["if (methodHeader === undefined && presence === 'required')", 'if (false)'],
      ['if (methodHeader !== undefined && methodHeader !== method)', 'if (false)'],
      ["if (name === undefined && presence === 'required')", 'if (false)'],
      ['if (name !== undefined && decodeHeaderText(String(name)) !== params[member])', 'if (false)'],
      ['if (headers[HEADER.method] !== undefined || headers[HEADER.name] !== undefined)', 'if (false)'],
    ],
  ),
  ...inEdge(
    'eras/mirrors.ts',
    ['http/mirrored-headers.test.ts', 'test/attacks/header-body.test.ts'],
    [
      ["if (seen.includes(name)) throw mismatch('A header of MCP is there twice.');", ''],
      ["if (!/^[\\x20-\\x7e]*$/.test(rawHeaders[index + 1] ?? ''))", 'if (false)'],
    ],
  ),
  ...inEdge(
    'eras/modern.ts',
    ['http/modern.test.ts', 'http/mirrored-headers.test.ts'],
    [
      ['  if (headers !== undefined) checkVersionHeader(versionHeader, version);\n', ''],
      ['if (version !== MODERN_VERSION)', 'if (false)'],
      ["  if (headers !== undefined) checkMirrors(message, headers, 'required');\n", ''],
      ['if (version !== undefined && header !== version)', 'if (false)'],
      ['if (header === undefined) throw', 'if (false) throw'],
      ["if (message.kind === 'request' && !isObject(capabilities))", 'if (false)'],
    ],
  ),
  ...inEdge(
    'eras/param-headers.ts',
    ['eras/param-headers.test.ts'],
    [
      ['if (!agrees(headers[paramHeader(parameter)], mirroredArgument(args, parameter)))', 'if (false)'],
      ['return header === undefined;', 'return true;'],
      ['/^-?\\d+(\\.\\d+)?$/.test(text) && Number', 'Number'],
    ],
  ),
  ...inEdge(
    'exchange/answer-request.ts',
    ['test/attacks/header-body.test.ts'],
    [
      [
        "    matchParamHeaders(deps.definitionOf(call.target), call.params['arguments'], headers);",
        '    void headers;',
      ],
    ],
  ),
  ...inEdge(
    'exchange/to-call.ts',
    ['http/messages.test.ts', 'http/modern.test.ts', 'http/sessions.test.ts'],
    [
      ["row === undefined || row.direction === 'to_client' || !isInEra(row, inbound)", 'row === undefined'],
      ["if ((row.lists !== undefined || message.method === 'tasks/list') &&", 'if (false &&'],
      ['if (message.kind !== row.kind)', 'if (false)'],
      ['checkMeta(params), route', 'params, route'],
    ],
  ),
];

const sockets: readonly Change[] = [
  ...inListen(
    'listener.ts',
    ['listener.test.ts'],
    [
      ['  server.maxConnections = limits.connectionsMax;\n', ''],
      ['  server.maxRequestsPerSocket = limits.requestsPerSocketMax;\n', ''],
      ['  refuseUnreadable(server, settings.tls !== undefined);\n', ''],
      ['if (!settings.behindTlsProxy) limitConnections(server, limits.connectionsPerAddressMax);', ''],
      ['maxHeaderSize: limits.headerBytesMax,', ''],
      ['headersTimeout: limits.headersTimeoutMs,', 'headersTimeout: 0,'],
      ['requestTimeout: limits.requestTimeoutMs,', 'requestTimeout: 0,'],
      ['keepAliveTimeout: limits.keepAliveTimeoutMs,', 'keepAliveTimeout: 0,'],
      ['if (lacksHost(request)) return refuse(request, response, 400);', ''],
      ['setTimeout(() => server.closeAllConnections(), drainMs)', 'setTimeout(() => undefined, drainMs)'],
    ],
  ),
  ...inListen('listener.ts', ['descriptor-reserve.test.ts'], [['  keepDescriptors(server, descriptorLimit());\n', '']]),
  ...inListen(
    'descriptor-reserve.ts',
    ['descriptor-reserve.test.ts'],
    [['if (number !== undefined && number > numberMax) socket.destroy();', '']],
  ),
  ...inListen(
    'connection-limit.ts',
    ['listener.test.ts'],
    [
      ['if (count > perAddressMax) {', 'if (false) {'],
      ['if (left === 0) open.delete(address);', 'if (left === 0) return;'],
    ],
  ),
  ...inListen(
    'socket-limits.ts',
    ['listener.test.ts'],
    [
      ['headersTimeoutMs: 10_000', 'headersTimeoutMs: 0'],
      ['requestTimeoutMs: 30_000', 'requestTimeoutMs: 30_000_000'],
      ['keepAliveTimeoutMs: 15_000', 'keepAliveTimeoutMs: 15_000_000'],
      ['handshakeTimeoutMs: 10_000', 'handshakeTimeoutMs: 10_000_000'],
      ['headerBytesMax: 16 * 1024', 'headerBytesMax: 16 * 1024 * 1024'],
      ['requestsPerSocketMax: 1_000_000', 'requestsPerSocketMax: 1_000_000_000'],
      ['connectionsMax: 20_000', 'connectionsMax: 20_000_000'],
      ['connectionsPerAddressMax: 2_000', 'connectionsPerAddressMax: 2_000_000'],
    ],
  ),
  ...inListen(
    'certificates.ts',
    ['tls.test.ts'],
    [
      ["minVersion: 'TLSv1.2'", "minVersion: 'TLSv1'"],
      ['  createSecureContext(options);\n', ''],
    ],
  ),
  ...inListen(
    'listener.ts',
    ['tls.test.ts'],
    [
      ['{ requestCert: true, rejectUnauthorized: true }', '{ requestCert: true, rejectUnauthorized: false }'],
      ["if (tls) response.setHeader('Strict-Transport-Security', STRICT_TRANSPORT_SECURITY);", ''],
    ],
  ),
  ...inListen(
    'security-headers.ts',
    ['test/attacks/admin-endpoint.test.ts', 'packages/server/src/edge/http/edge.test.ts'],
    [
      ['repeated === undefined && CORRELATION_ID.test(id)', 'true'],
      ["  'Cache-Control': 'no-store',\n", ''],
    ],
  ),
];

export const edge: readonly Change[] = [...heads, ...bodies, ...eras, ...sockets];
