/** Changes of what is bounded for users and tenants (B2, B7, B8, B9), and of arguments that are null. */
import { changesIn, type Change } from './change.ts';

const inGateway = changesIn('packages/gateway/src');
const inGuard = changesIn('packages/guard/src');

export const shares: readonly Change[] = [
  ...inGuard(
    'byte-buffer.ts',
    ['byte-buffer.test.ts'],
    [
      ['storage.length * 2));', 'storage.length * 64));'],
      ['isCompact(piece)) {', 'true) {'],
      ['      length = 0;\n      return bytes;', '      return bytes;'],
      ['      storage = NO_BYTES;\n', ''],
    ],
  ),
  ...inGateway('gateway.ts', ['composition.test.ts'], [['return withLogShares(stages, logShares);', 'return stages;']]),
  ...inGateway(
    'log-shares.ts',
    ['log-shares.test.ts'],
    [
      ["if (ofTenant > Math.max(FREE_OF_SHARES_BYTES, freeToTenant)) throw shareRefusal('tenant', WHAT);", ''],
      ["if (ofUser > Math.max(FREE_OF_SHARES_BYTES, freeToTenant - ofTenant)) throw shareRefusal('user', WHAT);", ''],
      ['Math.max(FREE_OF_SHARES_BYTES, freeToTenant - ofTenant)', '(freeToTenant - ofTenant)'],
      ['while (hours.length > HOURS) subtract(day, hours.shift() ?? emptyHour());', ''],
    ],
  ),
  ...changesIn('packages/server/src')(
    'edge/http/post.ts',
    ['edge/http/shares.test.ts'],
    [['    const release = takeCall(edge, message, holder);\n', '    const release = (): void => {};\n']],
  ),
  ...inGateway(
    'upstream/transports/http/exchange.ts',
    ['upstream/transports/one-byte-pieces.test.ts'],
    [['      else body.append(chunk);', '      else body.append(Buffer.from(chunk.buffer));']],
  ),
  ...inGateway(
    'upstream/calls/outbound-request.ts',
    ['upstream/calls/send.test.ts'],
    [
      [
        "rawArguments: params['arguments'] === undefined ? undefined : call.rawArguments",
        'rawArguments: call.rawArguments',
      ],
    ],
  ),
  ...inGuard(
    'stages/validate/index.ts',
    ['stages/validate/schemas.test.ts', 'stages/validate/validate.test.ts'],
    [['if (!isObject(value)) throw', 'if (false) throw']],
  ),
];
