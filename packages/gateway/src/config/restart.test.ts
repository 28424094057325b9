/** Which settings need a restart: all that are read only at the start, and no other. */
import { expect, it } from 'vitest';
import { needRestart } from './restart.ts';
import { snapshotOf } from './testing/load.mts';

it.each([
  ['gateway: { listen: "127.0.0.1:8800" }', ['gateway.listen']],
  ['admin: { listen: "127.0.0.1:8801" }', ['admin.listen']],
  ['gateway: { behindTlsProxy: true }', ['gateway.behindTlsProxy']],
  ['admin: { behindTlsProxy: true }', ['admin.behindTlsProxy']],
  ['data: ./other', ['data', 'audit.folder']],
  ['audit: { folder: ./other }', ['audit.folder']],
  ['audit: { origin: other.example.com }', ['audit.origin']],
  ['audit: { segment: 1Mi }', ['audit.segment']],
  ['demo: true', ['demo']],
  ['approvals: { channels: { signInWithin: 1d } }', ['approvals.channels']],
  ['gateway: { maxBody: 1Mi }', []],
  ['limits: { default: 5/min per user }', []],
  ['tenants: [acme]', []],
  ['audit: { clearArguments: ["*/say/text"] }', []],
])('%s needs %j', (text, waiting) => {
  expect(needRestart(snapshotOf(''), snapshotOf(text))).toEqual(waiting);
});

it('another certificate file needs a restart', () => {
  const started = snapshotOf('');
  const tls = { cert: '/a', key: '/b', clientCa: undefined };
  for (const name of ['gateway', 'admin'] as const) {
    const next =
      name === 'gateway'
        ? { ...started, gateway: { ...started.gateway, listen: { ...started.gateway.listen, tls } } }
        : { ...started, admin: { ...started.admin, listen: { ...started.admin.listen, tls } } };
    expect(needRestart(started, next)).toEqual([`${name}.tls`]);
  }
});
