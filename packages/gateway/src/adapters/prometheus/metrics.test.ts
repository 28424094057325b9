import { METHODS, STAGE_NAMES, type Outcome, type Digest } from '@sallyport/guard';
import { beforeEach, describe, expect, it } from 'vitest';
import { createMetrics, type Metrics } from './metrics.ts';

let metrics: Metrics;
const servers = ['crm', 'files'];
beforeEach(() => {
  metrics = createMetrics({
    servers: () => servers,
    tenants: () => ['acme'],
    activeConnections: () => 7,
    approvalsPending: () => 2,
  });
});
const lines = async (name: string): Promise<string[]> =>
  (await metrics.read()).text.split('\n').filter((line) => line.startsWith(name));
const outcome = (over: Partial<Outcome>): Outcome =>
  ({
    correlationId: 'c',
    method: 'tools/call',
    durationMs: 3,
    principal: undefined,
    tenant: undefined,
    executed: true,
    status: 'success',
    result: { value: {} },
    definition: { server: 'crm', kind: 'tool', name: 'get_customer', document: {}, digest: '', labels: [] },
    ...over,
  }) as Outcome;

describe('names and labels of the contract', () => {
  it('every metric of the contract is there', async () => {
    metrics.requested({ method: 'tools/call', endpoint: '/mcp/crm', status: 200, tenant: 'acme', ms: 3 });
    metrics.called(outcome({}));
    metrics.stage('authorize', 0.02);
    metrics.decided('allow', 'cedar');
    metrics.limited('tool', 'crm', 'get_customer');
    metrics.recorded('intent', 0.4);
    metrics.tokenRefused('expired');
    metrics.drifted('crm');
    metrics.upstreamFailed('crm', 'timeout');
    metrics.approvalDecided('approved', 20_000);
    const text = (await metrics.read()).text;
    for (const line of [
      'mcp_requests_total{method="tools/call",endpoint="/mcp/crm",status_code="200",tenant_id="acme"} 1',
      'mcp_request_duration_seconds_bucket{method="tools/call",endpoint="/mcp/crm",le="0.005"} 1',
      'mcp_request_duration_seconds_count{method="tools/call",endpoint="/mcp/crm"} 1',
      'mcp_active_connections 7',
      'mcp_token_validation_errors_total{error_type="expired"} 1',
      'mcp_tool_calls_total{server="crm",tool="get_customer",outcome="success"} 1',
      'mcp_tool_call_duration_seconds_sum{server="crm",tool="get_customer"} 0.003',
      'mcp_stage_duration_seconds_bucket{stage="authorize",le="0.00001"} 0',
      'mcp_stage_duration_seconds_bucket{stage="authorize",le="0.000025"} 1',
      'mcp_stage_duration_seconds_bucket{stage="authorize",le="+Inf"} 1',
      'mcp_stage_duration_seconds_sum{stage="authorize"} 0.00002',
      'mcp_stage_duration_seconds_count{stage="authorize"} 1',
      'mcp_policy_decisions_total{decision="allow",engine="cedar"} 1',
      'mcp_rate_limited_total{scope="tool",server="crm",tool="get_customer"} 1',
      'mcp_approvals_pending 2',
      'mcp_approvals_total{result="approved"} 1',
      'mcp_approval_wait_seconds_sum 20',
      'mcp_definition_drift_total{server="crm"} 1',
      'mcp_audit_records_total{phase="intent"} 1',
      'mcp_audit_commit_seconds_count 1',
      'mcp_upstream_errors_total{server="crm",kind="timeout"} 1',
    ])
      expect(text).toContain(`${line}\n`);
    for (const type of [
      '# TYPE mcp_requests_total counter',
      '# TYPE mcp_active_connections gauge',
      '# TYPE mcp_stage_duration_seconds histogram',
    ])
      expect(text).toContain(type);
  });

  it('buckets are cumulative and include their upper bound', async () => {
    for (const ms of [1, 2.5, 1e9])
      metrics.requested({ method: 'ping', endpoint: '/mcp', status: 200, tenant: 'acme', ms });
    const buckets = await lines('mcp_request_duration_seconds_bucket');
    expect(buckets.slice(0, 3).map((line) => line.split(' ')[1])).toEqual(['1', '2', '2']);
    expect(buckets.at(-1)).toMatch(/le="\+Inf"\} 3$/);
  });
});

describe('A24 labels that a caller chooses are bounded', () => {
  it('made-up methods, endpoints, tenants, states and names become other', async () => {
    for (let i = 0; i < 1000; i++) {
      metrics.requested({ method: `evil/${i}`, endpoint: `/mcp/x${i}`, status: i + 600, tenant: `t${i}`, ms: 1 });
      metrics.called(outcome({ definition: undefined }));
      metrics.called(
        outcome({
          definition: { server: `x${i}`, kind: 'tool', name: `y${i}`, document: {}, digest: '' as Digest, labels: [] },
        }),
      );
      metrics.limited('tool', `x${i}`, `y${i}`);
      metrics.tokenRefused(`Bearer ${i}`);
      metrics.upstreamFailed(`x${i}`, `k ${i}`);
      metrics.decided('deny', `e ${i}`);
    }
    expect(await lines('mcp_requests_total')).toEqual([
      'mcp_requests_total{method="other",endpoint="other",status_code="other",tenant_id="other"} 1000',
    ]);
    expect(await lines('mcp_tool_calls_total')).toEqual([
      'mcp_tool_calls_total{server="other",tool="other",outcome="success"} 2000',
    ]);
    expect(await lines('mcp_rate_limited_total')).toEqual([
      'mcp_rate_limited_total{scope="tool",server="other",tool="other"} 1000',
    ]);
    expect(await lines('mcp_token_validation_errors_total')).toEqual([
      'mcp_token_validation_errors_total{error_type="other"} 1000',
    ]);
    expect(await lines('mcp_upstream_errors_total')).toEqual([
      'mcp_upstream_errors_total{server="other",kind="other"} 1000',
    ]);
  });

  it('the tools of a server above the limit share one series', async () => {
    for (let i = 0; i < 20_000; i++)
      metrics.called(
        outcome({
          definition: {
            server: 'crm',
            kind: 'tool',
            name: `tool_${i}`,
            document: {},
            digest: '' as Digest,
            labels: [],
          },
        }),
      );
    const series = await lines('mcp_tool_calls_total');
    expect(series.length).toBeLessThanOrEqual(5001);
    expect(series.at(-1)).toBe('mcp_tool_calls_total{server="other",tool="other",outcome="other"} 15000');
  });

  it('every stage of the guard has a series', async () => {
    for (const stage of STAGE_NAMES) metrics.stage(stage, 1);
    const { text } = await metrics.read();
    for (const stage of STAGE_NAMES) expect(text).toContain(`mcp_stage_duration_seconds_count{stage="${stage}"} 1`);
  });

  it('every method of the table has its own label', async () => {
    for (const method of Object.keys(METHODS))
      metrics.requested({ method, endpoint: '/mcp', status: 200, tenant: undefined, ms: 1 });
    expect(await lines('mcp_requests_total')).toHaveLength(Object.keys(METHODS).length);
  });
});

it('J13 label values are escaped', async () => {
  metrics.called(
    outcome({
      definition: {
        server: 'crm',
        kind: 'tool',
        name: 'a"\n} 1\nmcp_fake 9',
        document: {},
        digest: '' as Digest,
        labels: [],
      },
    }),
  );
  expect(await lines('mcp_fake')).toEqual([]);
});
