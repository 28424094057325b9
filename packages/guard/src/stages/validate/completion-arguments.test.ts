/** B10: policies find the arguments of a completion where those of a call are. */
import { describe, expect, it } from 'vitest';
import type { Definition, JsonObject } from '../../call.ts';
import { completionArguments } from './completion-arguments.ts';

const prompt = { kind: 'prompt', document: { arguments: [{ name: 'a' }, { name: 'b' }] } } as unknown as Definition;
const template = { kind: 'resource_template', document: {} } as unknown as Definition;

describe('B10 the arguments of a completion', () => {
  it('are what was given and what is being completed', () => {
    expect(completionArguments({ argument: { name: 'a', value: 'x' } }, prompt)).toEqual({ a: 'x' });
    const params = { argument: { name: 'a', value: '' }, context: { arguments: { b: 'y' } } };
    expect(completionArguments(params, prompt)).toEqual({ a: '', b: 'y' });
    expect(completionArguments({ argument: { name: 'path', value: 'x' }, context: {} }, template)).toEqual({
      path: 'x',
    });
  });

  it.each<[what: string, params: JsonObject, code: string]>([
    ['nothing', {}, 'invalid_params'],
    ['a value that is no text', { argument: { name: 'a', value: ['x'] } }, 'invalid_params'],
    ['no name', { argument: { value: 'x' } }, 'invalid_params'],
    ['a context that is a list', { argument: { name: 'a', value: 'x' }, context: [] }, 'invalid_params'],
    ['other texts', { argument: { name: 'a', value: 'x' }, context: { arguments: { b: 1 } } }, 'invalid_params'],
    [
      'two values of one',
      { argument: { name: 'a', value: 'x' }, context: { arguments: { a: 'y' } } },
      'invalid_params',
    ],
    ['an undeclared one', { argument: { name: 'c', value: 'x' } }, 'invalid_input'],
    ['a prototype', { argument: { name: '__proto__', value: 'x' } }, 'invalid_input'],
  ])('%s is refused', (_what, params, code) => {
    expect(() => completionArguments(params, prompt)).toThrow(expect.objectContaining({ code }) as Error);
  });
});
