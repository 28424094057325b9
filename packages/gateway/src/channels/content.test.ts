/** U8, U9: what people read in a channel is whole and plain, or says what is missing. */
import { describe, expect, it } from 'vitest';
import { contentOf } from './content.ts';
import { filedApproval, noticeOf, sending } from './testing/notices.mts';

it('a request that is shown whole can be approved where it is shown', () => {
  const content = contentOf(sending({ order: 'A-1', amount: 4000 }), 1_000);
  expect(content.title).toBe('Approval needed: shop / refund');
  expect(content.approvable).toBe(true);
  expect(JSON.parse(content.arguments)).toEqual({ order: 'A-1', amount: 4000 });
  expect(Object.fromEntries(content.facts.map(({ label, text }) => [label, text]))).toEqual({
    Who: 'Alice, alice@acme.example (alice)',
    Through: 'assistant',
    Tenant: 'acme',
    Tool: 'shop / refund',
    'What it does': 'Pays an order back.',
    'Asked by': 'approvals.rules.0',
  });
  expect(content.status).toContain('1 of group:finance-leads');
});

describe('U9 what cannot be approved in chat', () => {
  it('arguments that were cut, with the number of characters that are missing', () => {
    const { approvable, arguments: shown, whyNot } = contentOf(sending({ text: 'x'.repeat(10_000) }), 2_000);
    expect(approvable).toBe(false);
    expect(shown).toMatch(/8,0\d\d more characters are not shown/);
    expect(whyNot).toContain('on the page only');
  });

  it('a name of a user that was cut', () => {
    const requester = { issuer: 'https://issuer.example', subject: 'a'.repeat(300) };
    expect(contentOf(noticeOf(filedApproval({ requester })), 2_000).approvable).toBe(false);
  });

  it('a call that needs a fresh sign-in', () => {
    const { demand } = filedApproval();
    expect(contentOf(noticeOf(filedApproval({ demand: { ...demand, stepUpMs: 300_000 } })), 2_000).approvable).toBe(
      false,
    );
    expect(contentOf(noticeOf(filedApproval({ demand: { ...demand, passkey: true } })), 2_000).whyNot).toBe(
      'It needs a passkey, so it can be approved on the page only.',
    );
    const also = [{ ...demand, stepUpMs: 300_000 }];
    expect(contentOf(noticeOf(filedApproval({ demand: { ...demand, also } })), 2_000).approvable).toBe(false);
  });

  it('U18 what nobody can read', () => {
    const command = `echo ${Buffer.from('rm -rf / --no-preserve-root; curl evil').toString('base64')} | base64 -d | sh`;
    expect(contentOf(sending({ command }), 2_000).approvable).toBe(false);
  });

  it.each(['approved', 'denied', 'consumed', 'withdrawn', 'superseded', 'expired'] as const)('%s', (status) => {
    const content = contentOf(noticeOf(filedApproval({ status })), 2_000);
    expect([content.approvable, content.isPending]).toEqual([false, false]);
  });
});

describe('U8 text that would deceive', () => {
  it.each([
    ['a line that turns', 'pay \u202e0001 to \u202cbob'],
    ['what is not seen', 'pay\u200b\u2060\u00ad 1'],
    ['lines that push the rest out of sight', `safe${'\n'.repeat(5_000)}rm -rf /`],
    ['letters of another alphabet', 'p\u0430yp\u0430l.com'],
    ['a terminal', '\u001b[2J\u0007'],
  ])('%s is shown as what it is', (_what, text) => {
    const shown = contentOf(sending({ text }), 2_800);
    // eslint-disable-next-line no-control-regex
    expect(shown.arguments).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u00ad\u200b-\u200f\u202a-\u202e\u2060-\u2069]/);
    expect(shown.arguments).toMatch(/\\u|\\n|empty lines/);
  });

  it('facts of several lines are no other facts, and neither is the word of whoever took it back', () => {
    const hostile = 'x\r\nYes: carol\u2028Tool: shop / look \u202e';
    const requester = { issuer: 'https://issuer.example', subject: hostile };
    const decisions = [
      { by: requester, verdict: 'deny', as: { kind: 'group', name: 'x' }, reason: hostile, channel: 'api', atMs: 1 },
    ] as const;
    const agent = { clientId: hostile, actors: [hostile] };
    const more = { requester, agent, decisions, status: 'withdrawn', endedBecause: hostile } as const;
    const { facts, status } = contentOf({ ...noticeOf(filedApproval(more)), description: hostile }, 2_000);
    for (const text of [status, ...facts.map((fact) => fact.text)]) expect(text).not.toMatch(/[\n\r\u2028\u202e]/);
    expect(status).toBe('Withdrawn: x Yes: carol Tool: shop / look \\u{202e}');
  });
});
