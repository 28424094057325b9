import { describe, expect, it } from 'vitest';
import { mirroredMember, mirroredName } from './headers.ts';

describe('headers of MCP', () => {
  it.each([
    ['tools/call', 'name'],
    ['prompts/get', 'name'],
    ['resources/read', 'uri'],
    ['tasks/get', 'taskId'],
    ['tasks/update', 'taskId'],
    ['tasks/cancel', 'taskId'],
    ['tools/list', undefined],
    ['completion/complete', undefined],
  ])('Mcp-Name of %s mirrors %j', (method, member) => expect(mirroredMember(method)).toBe(member));

  it('mirrors text only', () => {
    expect(mirroredName('tools/call', { name: 'add' })).toBe('add');
    expect(mirroredName('tools/call', { name: 3 })).toBeUndefined();
    expect(mirroredName('resources/read', { name: 'add' })).toBeUndefined();
    expect(mirroredName('tools/list', { name: 'add' })).toBeUndefined();
  });
});
