/** Which variables of the gateway a program gets. */
import { expect, it } from 'vitest';
import { CANARY, load, snapshotOf } from './testing/load.mts';

const envOf = (more: string, environment: Record<string, string>): object => {
  const { transport } = snapshotOf(`servers: { a: { command: [node]${more} } }`, environment).servers[0] ?? {};
  return transport?.kind === 'stdio' ? transport.env : {};
};

it('those of the network and of authorities are passed, and no other', () => {
  const network = { HTTPS_PROXY: 'http://proxy:3128', no_proxy: 'localhost', NODE_EXTRA_CA_CERTS: '/ca.pem' };
  expect(envOf('', { ...network, HTTP_PROXY: '', AWS_SECRET_ACCESS_KEY: CANARY })).toEqual(network);
  expect(envOf(', passEnvironment: []', network)).toEqual({});
  expect(envOf(', env: { no_proxy: x }', network)).toMatchObject({ no_proxy: 'x' });
});

it('the password of a proxy is passed only to a server that names the variable', () => {
  const proxies = {
    HTTP_PROXY: `http://me:${CANARY}@proxy:1`,
    HTTPS_PROXY: `me:${CANARY}@proxy:1`,
    ALL_PROXY: 'http://k@p',
  };
  expect(envOf('', proxies)).toEqual({});
  expect(envOf(', passEnvironment: [HTTP_PROXY]', proxies)).toEqual({ HTTP_PROXY: proxies.HTTP_PROXY });
});

it('a variable that loads code, or looks like a secret, is a weakening', () => {
  const text = 'servers: { a: { command: [node], passEnvironment: [NODE_OPTIONS, API_TOKEN, LEVEL] } }';
  const { weakenings } = snapshotOf(text, { LEVEL: 'x' });
  expect(weakenings.filter((weakening) => /NODE_OPTIONS|API_TOKEN|LEVEL/.test(weakening))).toEqual([
    'servers.a: the variable NODE_OPTIONS can load other code into the server',
    'servers.a: it gets the variable API_TOKEN of the gateway, which looks like a secret',
  ]);
  expect(load('servers: { a: { url: https://x, passEnvironment: [A] } }')).toHaveProperty('errors');
});
