/** The program as a whole: usage errors, help, the configuration that commands get, and exit codes. */
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { CommandContext, CommandDefinition, CommandEntry } from './command.ts';
import { COMMANDS } from './commands.ts';
import { packageVersion } from './program.ts';
import { file, folder, run } from './testing/run.mts';

const command = (name: string, run: (context: CommandContext) => void | Promise<void>): CommandDefinition => ({
  name,
  summary: name,
  options: [],
  example: name,
  run: (_given, _options, context) => run(context),
});

describe('the program', () => {
  it('prints the version', async () => {
    expect(await run(['--version'])).toEqual({ code: 0, out: `${packageVersion()}\n`, err: '' });
  });

  it.each([
    [['strat'], 'Did you mean start?'],
    [['start', '--confg', 'x'], 'Did you mean --config?'],
    [['start', '--role', 'king'], 'Allowed choices are gateway, admin, all.'],
    [['call'], "missing required argument 'name'"],
    [['call', 'x', '--args', '{'], 'It is not valid JSON.'],
    [['call', 'x', '--args', '[1]'], 'It must be a JSON object.'],
    [['tools', '--url', 'localhost'], 'Use an http or https URL'],
    [['tools', '--server', 'a/b'], 'Use 1-32 characters of a-z 0-9 -.'],
    [[], 'Usage: sallyport'],
  ])('wrong usage %j: exit code 2 and what was meant', async (args, expected) => {
    const { code, err } = await run(args);
    expect(code).toBe(2);
    expect(err).toContain(expected);
  });

  it('every command has --json, and help with an example', async () => {
    const names = COMMANDS.map(({ name }) => name);
    expect(names).toEqual([
      'start',
      'init',
      'add',
      'connect',
      'check',
      'scan',
      'status',
      'whoami',
      'stdio',
      'tools',
      'call',
      'login',
      'logout',
      'open',
      'approvals',
      'audit',
      'keys',
      'pins',
      'completion',
    ]);
    const lines = COMMANDS.flatMap((entry) =>
      'commands' in entry ? entry.commands.map(({ name }) => [entry.name, name]) : [[entry.name]],
    );
    for (const line of lines) {
      const name = line.join(' ');
      const { code, out } = await run([...line, '--help']);
      expect(code, name).toBe(0);
      expect(out, name).toMatch(/--json/);
      expect(out, name).toMatch(/Example.*:\n {2}\S/);
      expect(out, name).toContain('--config <file>');
      expect(Math.max(...out.split('\n').map((line) => line.length)), name).toBeLessThanOrEqual(130);
    }
  });

  it('commands get the folders of the configuration that is named before or after them', async () => {
    const auditConfig = file('audit.yaml', 'data: ./somewhere\naudit: { folder: ./records }');
    const audit: string[] = [];
    await run(['where', '--config', auditConfig], {
      commands: [command('where', async ({ io }) => void audit.push((await io.loadFolders()).audit))],
    });
    expect(audit).toEqual([join(folder, 'records')]);
    const config = file('data.yaml', 'data: ./somewhere');
    const data: string[] = [];
    const commands: readonly CommandEntry[] = [
      {
        name: 'keys',
        summary: 'a group',
        example: 'keys list',
        commands: [command('list', async ({ io }) => void data.push((await io.loadFolders()).data))],
      },
    ];
    await run(['keys', 'list', '--config', config], { commands });
    await run(['--config', config, 'keys', 'list'], { commands });
    await run(['keys', 'list'], { commands, environment: { SALLYPORT_CONFIG: config } });
    expect(data).toEqual(Array(3).fill(join(folder, 'somewhere')));
    expect((await run(['keys'], { commands })).code).toBe(2);
  });

  it('prints the error of a command as one sentence, with exit code 1', async () => {
    const commands = [
      command('boom', () => {
        throw new Error('the disk is full');
      }),
    ];
    expect(await run(['boom'], { commands })).toEqual({ code: 1, out: '', err: 'the disk is full\n' });
  });
});
