/** `sallyport completion`: the script for bash runs in a real bash; the scripts for zsh and fish name every command. */
import { execFileSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { COMMANDS } from './commands.ts';
import { folder, run } from './testing/run.mts';

let script = '';
beforeAll(async () => {
  script = (await run(['completion', 'bash'])).out;
});

/** What bash offers after these words; the last word is the one that is being typed. */
function complete(...words: string[]): string[] {
  const program = `${script}
COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _sallyport
if [ "\${#COMPREPLY[@]}" -gt 0 ]; then printf '%s\\n' "\${COMPREPLY[@]}"; fi`;
  const out = execFileSync('bash', ['--norc', '-c', program, 'bash', 'sallyport', ...words], { cwd: folder });
  return out
    .toString()
    .split('\n')
    .filter((line) => line !== '');
}

describe('in bash', () => {
  it('is registered for the command', () => {
    const out = execFileSync('bash', ['--norc', '-c', `${script}\ncomplete -p sallyport`]);
    expect(out.toString()).toBe('complete -F _sallyport sallyport\n');
  });

  it('completes every command', () => {
    const names = COMMANDS.map(({ name }) => name);
    expect(complete('')).toEqual([...names, 'help', '--config', '--help', '--version']);
    expect(complete('st')).toEqual(['start', 'status', 'stdio']);
  });

  it('completes the commands of a group', () => {
    expect(complete('keys', '')).toEqual(['create', 'list', 'rotate', 'revoke', '--config', '--help']);
    expect(complete('audit', 've')).toEqual(['verify']);
  });

  it('completes the options of a command, after other options as well', () => {
    expect(complete('start', '--')).toEqual(['--role', '--demo', '--json', '--config', '--help']);
    expect(complete('--config', 'start', 'keys', 'create', '--role', 'list', '--te')).toEqual(['--tenant']);
  });

  it('completes the values that an option accepts', () => {
    expect(complete('start', '--role', '')).toEqual(['gateway', 'admin', 'all']);
    expect(complete('audit', 'search', '--status', 're')).toEqual(['refused']);
    expect(complete('keys', 'create', '--tenant', '')).toEqual([]);
  });

  it('completes files for options that name one', () => {
    mkdirSync(join(folder, 'exports'), { recursive: true });
    writeFileSync(join(folder, 'export.yaml'), '');
    expect(complete('check', '--config', 'exp').sort()).toEqual(['export.yaml', 'exports']);
    expect(complete('audit', 'verify', '--from', 'exports')).toEqual(['exports']);
  });
});

it.each(['zsh', 'fish'])('the script for %s names every command', async (shell) => {
  const { code, out } = await run(['completion', shell]);
  expect(code).toBe(0);
  for (const { name } of COMMANDS) expect(out).toMatch(new RegExp(`\\b${name}\\b`));
});

it('an unknown shell is wrong usage', async () => {
  const { code, err } = await run(['completion', 'tcsh']);
  expect([code, err]).toEqual([2, expect.stringContaining('Use bash, zsh or fish.')]);
});

it('prints JSON with --json', async () => {
  const { out } = await run(['completion', 'bash', '--json']);
  expect(JSON.parse(out)).toEqual({ shell: 'bash', script });
});
