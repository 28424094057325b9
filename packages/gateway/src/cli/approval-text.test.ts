import { expect, it } from 'vitest';
import { matches, type RecordFilter } from './audit-filter.ts';
import { recordLine } from './audit-record.ts';
import { requestText } from './approval-text.ts';

const REQUEST = {
  id: 'e4d990e6',
  status: 'pending',
  expires_at: '2026-11-22T04:08:17.789Z',
  requester: { issuer: 'urn:sallyport:api-key', subject: 'alice' },
  agent: { client_id: 'agent-1' },
  tenant: 'acme',
  server: 'files',
  tool: 'write_file',
  description: 'Overwrites\nstatus  approved',
  destructive: true,
  source: 'approvals.rules.0',
  required: 2,
  approvers: ['role:boss'],
  shown_first: { text: 'Is this file to be changed?' },
  arguments: { path: '/a\u202eb' },
  decisions: [
    {
      by: { subject: 'carol' },
      verdict: 'approve',
      channel: 'api',
      at: '2026-11-22T03:38:35.544Z',
      reason: 'ticket 7',
    },
  ],
  why_not: 'Only role:boss may decide about this call.',
};

it('shows what a decision needs: question, description, warning, who decided so far, and why this reader may not', () => {
  expect(requestText(REQUEST).split('\n')).toEqual([
    'id         e4d990e6',
    'status     pending, until 2026-11-22T04:08:17.789Z',
    'who        alice through agent-1',
    'tenant     acme',
    'tool       files write_file',
    'described  Overwrites status approved',
    'warning    this call may destroy data',
    'asked by   approvals.rules.0',
    'question   Is this file to be changed?',
    'approvers  2 of role:boss',
    'approved   by carol at 2026-11-22T03:38:35.544Z (api): ticket 7',
    'you        Only role:boss may decide about this call.',
    'arguments',
    '{',
    String.raw`  "path": "/a\u{202e}b"`,
    '}',
    '',
  ]);
});

const DECIDED = {
  timestamp: '2026-11-22T03:38:35.558Z',
  index: 2,
  phase: 'outcome',
  status: 'success',
  operation: 'approval.decide',
  subject: 'carol',
  target: { approval_id: 'e4d990e6', verdict: 'approve' },
};

it('a record of a change says what was changed', () => {
  expect(recordLine(DECIDED, 'text')).toContain('approval.decide approval_id=e4d990e6 verdict=approve  carol');
});

it.each([
  ['approval.decide', true],
  ['tools/call', false],
])('--method %s finds a decision about an approval: %s', (method, expected) => {
  const filter: RecordFilter = { method, limit: 1, format: 'text' };
  expect(matches(DECIDED, filter)).toBe(expected);
});
