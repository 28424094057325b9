/** The environment of the process: what commands and children get from it. */
import { describe, expect, it } from 'vitest';
import { childEnvironment, credentialToken } from './config.ts';
import { CANARY } from './config/testing/load.mts';

describe('the environment', () => {
  it('children get four variables and nothing else', () => {
    expect(
      childEnvironment({
        PATH: '/bin',
        HOME: '/h',
        AWS_SECRET_ACCESS_KEY: CANARY,
        SALLYPORT_TOKEN: CANARY,
        NODE_OPTIONS: 'x',
      }),
    ).toEqual({ PATH: '/bin', HOME: '/h' });
  });

  it('an empty token counts as absent', () => {
    expect([
      credentialToken({}),
      credentialToken({ SALLYPORT_TOKEN: '' }),
      credentialToken({ SALLYPORT_TOKEN: 'x' }),
    ]).toEqual([undefined, undefined, 'x']);
  });
});
