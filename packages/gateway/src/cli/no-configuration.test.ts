/** A command that needs a configuration and finds none says so, and makes nothing. */
import { existsSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { run } from './testing/run.mts';

const wasThere = existsSync('data');

describe('without a configuration', () => {
  it.each<readonly [line: string]>([
    ['start'],
    ['check'],
    ['status'],
    ['whoami'],
    ['stdio'],
    ['tools'],
    ['call x'],
    ['login'],
    ['open'],
    ['approvals list'],
    ['audit verify'],
    ['audit search'],
    ['keys create --tenant default --name me'],
    ['keys list'],
    ['pins list'],
    ['pins approve crm --all'],
  ])('%s', async (line) => {
    const { code, out, err } = await run(line.split(' '), { environment: { SALLYPORT_TOKEN: 'sp_x' } });
    expect([code, out]).toEqual([1, '']);
    expect(err).toContain('There is no configuration: no sallyport.yaml in ');
    expect(err).toContain('sallyport init');
    expect(err).toContain('SALLYPORT_CONFIG');
    expect(existsSync('data')).toBe(wasThere);
  });

  it('a file that is named and is not there is said to be missing', async () => {
    const { code, err } = await run(['check', '--config', '/nowhere/s.yaml']);
    expect([code, err]).toEqual([
      1,
      '/nowhere/s.yaml:1:1: the file does not exist; make one with: sallyport init --file /nowhere/s.yaml\n',
    ]);
  });

  it('commands for a gateway elsewhere need none', async () => {
    const environment = { SALLYPORT_TOKEN: 'sp_x' };
    const { err } = await run(['tools', '--url', 'http://127.0.0.1:1'], { environment });
    expect(err).toContain('http://127.0.0.1:1/mcp');
  });
});
