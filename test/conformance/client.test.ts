/**
 * The gateway's upstream side as the suite's client under test: every scored scenario that is not about a client's own
 * OAuth.
 */
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { runSuite } from './suite.ts';

const script = fileURLToPath(new URL('./client-driver.ts', import.meta.url));
const driver = `${process.execPath} --conditions=sallyport-source ${script}`;

const SCENARIOS = [
  ['2025-11-25', ['initialize', 'tools_call', 'elicitation-sep1034-client-defaults', 'sse-retry']],
  [
    '2026-07-28',
    [
      'tools_call',
      'request-metadata',
      'sep-2322-client-request-state',
      'http-standard-headers',
      'http-custom-headers',
      'http-invalid-tool-headers',
      'json-schema-ref-no-deref',
    ],
  ],
] as const;

/**
 * A call with `null` for a string is refused by the gateway before it reaches a server, so how it would be mirrored is
 * never seen.
 */
const NOT_OURS = 'sep-2243-client-omit-null';

describe.each(SCENARIOS)('conformance client %s', (revision, scenarios) => {
  it.each(scenarios)('%s', async (scenario) => {
    const { output } = await runSuite(
      ['client', '--command', driver, '--scenario', scenario, '--spec-version', revision],
      50_000,
    );
    const failures = output.split('\n').filter((line) => /\] .*FAILURE/.test(line) && !line.includes(NOT_OURS));
    expect(failures, output.slice(-2_000)).toEqual([]);
    expect(output).toMatch(/Passed: \d+\/\d+/);
  });
});
