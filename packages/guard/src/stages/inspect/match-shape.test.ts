/** J12: the shape of a tool result. */
import { expect, it } from 'vitest';
import { matchShape } from './match-shape.ts';

it.each([
  ['an unknown resultType', { resultType: 'later', content: [] }],
  ['no content', { structuredContent: {} }],
  ['content that is no list', { content: 'text' }],
  ['a block of an unknown type', { content: [{ type: 'text', text: '' }, { type: 'html' }] }],
  ['1,001 blocks', { content: Array.from({ length: 1_001 }, () => ({ type: 'text', text: '' })) }],
])('J12 %s is blocked', (_name, value) => {
  expect(() => matchShape(value as never)).toThrow(expect.objectContaining({ code: 'output_blocked' }));
});

it.each([
  ['a result', { content: [{ type: 'text', text: '' }] }],
  ['a complete result', { resultType: 'complete', content: [] }],
  ['a request for input', { resultType: 'input_required' }],
  ['1,000 blocks', { content: Array.from({ length: 1_000 }, () => ({ type: 'text', text: '' })) }],
])('%s passes', (_name, value) => {
  expect(() => matchShape(value as never)).not.toThrow();
});
