/** The environment of the process: what commands, children and the search for the configuration file get from it. */
import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { childEnvironment, credentialToken, defaultConfigFile } from './config.ts';
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

  it('names the file that is read by default', () => {
    const inFolder = mkdtempSync(join(tmpdir(), 'sallyport-here-'));
    expect(defaultConfigFile({}, inFolder)).toBeUndefined();
    writeFileSync(join(inFolder, 'sallyport.yaml'), '');
    expect(defaultConfigFile({}, inFolder)).toBe(join(inFolder, 'sallyport.yaml'));
    expect(defaultConfigFile({ SALLYPORT_CONFIG: 'other.yaml' }, inFolder)).toBe(join(inFolder, 'other.yaml'));
  });
});
