import { METHODS } from '@sallyport/guard';
import { describe, expect, it } from 'vitest';
import {
  kindsChangedBy,
  LIST_METHODS,
  LISTED_KINDS,
  LISTS,
  listChangedBy,
  listFilteredBy,
  listOf,
  listReadBy,
} from './lists.ts';

describe('lists of a server', () => {
  it('every method for which the guard has a list is here, under the same kind', () => {
    const guarded = Object.entries(METHODS).flatMap(([method, { lists }]) =>
      lists === undefined ? [] : [[lists, method]],
    );
    expect(guarded.sort()).toEqual(LISTED_KINDS.map((kind) => [kind, LISTS[kind].method]).sort());
  });

  it('is read in the order tools, prompts, resources, templates', () =>
    expect(LIST_METHODS).toEqual(['tools/list', 'prompts/list', 'resources/list', 'resources/templates/list']));

  it('finds a list by kind, method, filter and notification', () => {
    expect(listOf('resource_template')?.member).toBe('resourceTemplates');
    expect(listOf('server')).toBeUndefined();
    expect(listReadBy('prompts/list')?.member).toBe('prompts');
    expect(listReadBy('tools/call')).toBeUndefined();
    expect(listFilteredBy('promptsListChanged')?.capability).toBe('prompts');
    expect(listFilteredBy('taskIds')).toBeUndefined();
    expect(listChangedBy('notifications/tools/list_changed')?.filter).toBe('toolsListChanged');
    expect(listChangedBy('notifications/message')).toBeUndefined();
  });

  it('one notification announces resources and templates', () => {
    expect(kindsChangedBy('notifications/resources/list_changed')).toEqual(['resource', 'resource_template']);
    expect(kindsChangedBy('notifications/tools/list_changed')).toEqual(['tool']);
    expect(kindsChangedBy('notifications/roots/list_changed')).toEqual([]);
  });
});
