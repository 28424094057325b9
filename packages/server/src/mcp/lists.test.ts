import { MCP_METHODS } from '@sallyport/guard';
import { describe, expect, it } from 'vitest';
import {
  capabilityChangedBy,
  capabilityFilteredBy,
  changeNotificationOf,
  kindsChangedBy,
  LIST_METHODS,
  LISTED_KINDS,
  LISTS,
  listOf,
  listReadBy,
} from './lists.ts';

describe('lists of a server', () => {
  it('every method for which the guard has a list is here, under the same kind', () => {
    const guarded = Object.entries(MCP_METHODS).flatMap(([method, { lists }]) =>
      lists === undefined ? [] : [[lists, method]],
    );
    expect(guarded.sort()).toEqual(LISTED_KINDS.map((kind) => [kind, LISTS[kind].method]).sort());
  });

  it('are read in the order tools, prompts, resources, templates', () =>
    expect(LIST_METHODS).toEqual(['tools/list', 'prompts/list', 'resources/list', 'resources/templates/list']));

  it('are found by kind and by method', () => {
    expect(listOf('resource_template')?.member).toBe('resourceTemplates');
    expect(listOf('server')).toBeUndefined();
    expect(listReadBy('prompts/list')?.member).toBe('prompts');
    expect(listReadBy('tools/call')).toBeUndefined();
  });

  it('a capability is found by its notification and by its filter', () => {
    expect(capabilityChangedBy('notifications/tools/list_changed')).toBe('tools');
    expect(capabilityChangedBy('notifications/message')).toBeUndefined();
    expect(capabilityFilteredBy('promptsListChanged')).toBe('prompts');
    expect(capabilityFilteredBy('taskIds')).toBeUndefined();
  });

  it('one notification announces resources and templates', () => {
    expect(kindsChangedBy('notifications/resources/list_changed')).toEqual(['resource', 'resource_template']);
    expect(kindsChangedBy('notifications/tools/list_changed')).toEqual(['tool']);
    expect(kindsChangedBy('notifications/roots/list_changed')).toEqual([]);
    expect(changeNotificationOf('resource_template')).toBe('notifications/resources/list_changed');
  });
});
