import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { CLIENT_INFO, GATEWAY_INFO } from './implementation.ts';

it('the gateway names itself with the version of its package', () => {
  const { version } = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')) as {
    readonly version: string;
  };
  expect([CLIENT_INFO['version'], GATEWAY_INFO['version']]).toEqual([version, version]);
});
