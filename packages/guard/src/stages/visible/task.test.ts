/** B10: whoever asks for a task must be able to call its tool now, under the same pin. */
import { expect, it } from 'vitest';
import type { Definition } from '../../call.ts';
import type { Identity } from '../../guard.ts';
import type { TaskOrigin } from '../../ports.ts';
import { toolOfTask } from './task.ts';

const who = { principal: { key: 'alice' }, tenant: { id: 'acme' } } as unknown as Identity;
const tool = { server: 'crm', kind: 'tool', name: 'export', digest: 'sha256:1' } as unknown as Definition;
const target = { kind: 'task', server: 'crm', name: 'crm.sealed' } as const;

interface Setting {
  readonly origin?: TaskOrigin | undefined;
  readonly found?: Definition | undefined;
  readonly mayList?: boolean;
}

const made: TaskOrigin = { tool: 'export', digest: 'sha256:1', input: {} };

const judge = ({ origin, found, mayList = true }: Setting): Definition =>
  toolOfTask(
    {
      tasks: {
        find: (principal, server, id) =>
          `${principal} ${server} ${id}` === 'alice crm crm.sealed' ? origin : undefined,
      },
      catalog: { find: (asked) => ('name' in asked && asked.name === 'export' ? found : undefined) },
    },
    () => mayList,
    who,
    target,
  );

it('B10 a task is judged as its tool', () => {
  expect(judge({ origin: made, found: tool })).toBe(tool);
});

it.each<[what: string, setting: Setting, code: string]>([
  ['nobody made', { found: tool }, 'not_found'],
  ['of a tool that is gone', { origin: made }, 'not_found'],
  ['of a tool that is hidden', { origin: made, found: tool, mayList: false }, 'not_found'],
  ['of a tool with another pin', { origin: { ...made, digest: 'sha256:2' }, found: tool }, 'quarantined'],
])('B10 a task %s is refused', (_what, setting, code) => {
  expect(() => judge(setting)).toThrow(expect.objectContaining({ code }) as Error);
});
