import { describe, expect, it } from 'vitest';
import { isApplicationCode, RPC_ERROR } from './error-codes.ts';

describe('error codes', () => {
  it('are those of JSON-RPC 2.0 and MCP 2026-07-28', () => {
    expect(RPC_ERROR).toEqual({
      invalidRequest: -32600,
      methodNotFound: -32601,
      invalidParams: -32602,
      internal: -32603,
      headerMismatch: -32020,
      missingClientCapability: -32021,
      unsupportedVersion: -32022,
      refusedByClient: -1,
      serverError: -32000,
      resourceNotFound: -32002,
      urlElicitationRequired: -32042,
    });
  });

  it.each([
    [-32769, true],
    [-32768, false],
    [-32000, false],
    [-31999, true],
    [-1, true],
    [418, true],
    [1.5, false],
    [Number.NaN, false],
  ])('%d is an application code: %j', (code, isApplication) => expect(isApplicationCode(code)).toBe(isApplication));
});
