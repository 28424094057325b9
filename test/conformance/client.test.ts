/**
 * The gateway's upstream side as the suite's client under test: every scored scenario that is not about a client's own
 * OAuth.
 */
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { runSuite } from './suite.ts';

const script = fileURLToPath(new URL('./client-driver.ts', import.meta.url));
const driver = `${process.execPath} --conditions=sallyport-source ${script}`;

/**
 * How many checks of each scenario pass: as many as with the SDK's client and no gateway, because a check that is not
 * made fails nothing. Of the standard headers the gateway shows more, and of the custom ones all but `NOT_OURS`.
 */
const SCENARIOS: readonly (readonly [revision: string, scenario: string, checks: number])[] = [
  ['2025-11-25', 'initialize', 1],
  ['2025-11-25', 'tools_call', 2],
  ['2025-11-25', 'elicitation-sep1034-client-defaults', 5],
  ['2025-11-25', 'sse-retry', 3],
  ['2026-07-28', 'tools_call', 2],
  ['2026-07-28', 'request-metadata', 8],
  ['2026-07-28', 'sep-2322-client-request-state', 5],
  ['2026-07-28', 'http-standard-headers', 6],
  ['2026-07-28', 'http-custom-headers', 17],
  ['2026-07-28', 'http-invalid-tool-headers', 12],
  ['2026-07-28', 'json-schema-ref-no-deref', 1],
];

/**
 * A call with `null` for a string is refused by the gateway before it reaches a server, so how it would be mirrored is
 * never seen.
 */
const NOT_OURS = 'sep-2243-client-omit-null';

describe('conformance client', () => {
  it.each(SCENARIOS)('%s %s: %i checks', async (revision, scenario, checks) => {
    const args = ['client', '--command', driver, '--scenario', scenario, '--spec-version', revision];
    const { output } = await runSuite(args, 50_000);
    const failures = output.split('\n').filter((line) => /\] .*FAILURE/.test(line) && !line.includes(NOT_OURS));
    expect(failures, output.slice(-2_000)).toEqual([]);
    expect(Number(/Passed: (\d+)\/\d+/.exec(output)?.[1]), output.slice(-2_000)).toBe(checks);
  });
});
