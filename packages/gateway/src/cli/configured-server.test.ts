/** Servers are added to the text of a configuration, and nothing else of the text changes. */
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { configTemplate } from './init-templates.ts';
import { withServers, type NamedServer } from './configured-server.ts';

const FILES: NamedServer = {
  name: 'files',
  server: { command: ['npx', '-y', '@scope/pkg@1.2.3', '/srv/docs'], env: { A: { secret: 'env:A' }, B: 'yes' } },
};
const LINES =
  '  files:\n    command: [npx, -y, "@scope/pkg@1.2.3", /srv/docs]\n' +
  '    env:\n      A: { secret: env:A }\n      B: "yes"\n';

describe('withServers', () => {
  it.each<[what: string, text: string, expected: string]>([
    ['an empty file', '', `\nservers:\n${LINES}`],
    ['no servers', '# mine\ntenants: ["a"]', `# mine\ntenants: ["a"]\n\nservers:\n${LINES}`],
    ['an empty map', 'servers: {} # none yet\ndata: ./x\n', `servers: # none yet\n${LINES}data: ./x\n`],
    ['a key without a value', 'servers:\ndata: ./x\n', `servers:\n${LINES}data: ./x\n`],
    [
      'servers before it, with comments and blank lines',
      'servers:\n  # the first\n  crm: { url: https://x } # why\n\n# next\ndata: ./x\n',
      `servers:\n  # the first\n  crm: { url: https://x } # why\n${LINES}\n# next\ndata: ./x\n`,
    ],
    [
      'a server in lines, at the end of the file and without a line break',
      'servers:\n  crm:\n    url: https://x',
      `servers:\n  crm:\n    url: https://x\n${LINES}`,
    ],
    [
      'another indentation',
      'servers:\n    crm:\n        url: https://x\ndata: y\n',
      `servers:\n    crm:\n        url: https://x\n${LINES.replace(/^ {2}/gm, '    ')}data: y\n`,
    ],
  ])('%s', (_what, text, expected) => {
    const changed = withServers(text, [FILES]);
    expect(changed).toBe(expected);
    expect((parse(changed) as { servers: object }).servers).toHaveProperty('files.env', {
      A: { secret: 'env:A' },
      B: 'yes',
    });
  });

  it('servers in braces are written in lines', () => {
    const changed = withServers('# mine\nservers: { crm: { url: https://x } } # why\n', [FILES]);
    expect(parse(changed)).toMatchObject({ servers: { crm: { url: 'https://x' }, files: { env: { B: 'yes' } } } });
    expect(changed).toContain('# mine');
  });

  it('keeps every line of what init writes', () => {
    const before = configTemplate('acme');
    const changed = withServers(before, [FILES, { name: 'search', server: { url: 'https://s.example/mcp' } }]);
    const lines = changed.split('\n');
    expect(before.split('\n').filter((line) => line !== 'servers: {}' && !lines.includes(line))).toEqual([]);
    expect(parse(changed)).toMatchObject({ servers: { files: {}, search: { url: 'https://s.example/mcp' } } });
  });

  it('names the folder of policies where there is none', () => {
    expect(withServers('data: ./x\n', [], './policies')).toBe('data: ./x\n\npolicies:\n  cedar: ./policies\n');
  });

  it('a name that YAML reads in another way stays a name', () => {
    const server = { url: 'https://x' };
    const changed = withServers(
      '',
      ['1', 'no', 'null', '-', 'on'].map((name) => ({ name, server })),
    );
    expect(Object.keys((parse(changed) as { servers: object }).servers)).toEqual(['1', 'no', 'null', '-', 'on']);
  });

  it('a text with errors is left alone', () => {
    expect(() => withServers('a: [', [FILES])).toThrow('has errors');
  });
});
