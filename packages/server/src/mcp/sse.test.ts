import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createSseParser } from './sse.ts';

function parse(chunks: readonly Buffer[], maxBytes = 10_000) {
  const events: { data: string; id: string | undefined; type: string }[] = [];
  const parser = createSseParser(maxBytes, ({ data, id, type }) => events.push({ data: data.toString(), id, type }));
  const fits = chunks.map((chunk) => parser.push(chunk)).every(Boolean);
  return { events, fits, retry: parser.retryMs() };
}

describe('server-sent events', () => {
  it('reads fields, joins data lines, keeps the last id', () => {
    const text =
      'id: 1\nevent: message\ndata: a\ndata: b\n\n: comment\n\ndata:c\n\nid\ndata: d\n\nretry: 250\nretry: no\n\n';
    expect(parse([Buffer.from(text)])).toEqual({
      events: [
        { data: 'a\nb', id: '1', type: 'message' },
        { data: 'c', id: '1', type: '' },
        { data: 'd', id: '', type: '' },
      ],
      fits: true,
      retry: 250,
    });
  });

  it.each(['\n', '\r\n', '\r'])('takes %j as the end of a line', (end) => {
    expect(parse([Buffer.from(`data: x${end}${end}data: y${end}${end}\n`)]).events.map(({ data }) => data)).toEqual([
      'x',
      'y',
    ]);
  });

  it('a priming event with an id and empty data is an event', () => {
    expect(parse([Buffer.from('id: p\ndata:\n\n')]).events).toEqual([{ data: '', id: 'p', type: '' }]);
  });

  it('does not depend on where the stream is cut', () => {
    const whole = Buffer.from('id: é\nevent: m\r\ndata: {"a":"ü€😀"}\n\ndata: 2\n\n');
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 0, max: whole.length }), { maxLength: 8 }), (cuts) => {
        const at = [0, ...cuts.sort((a, b) => a - b), whole.length];
        expect(parse(at.slice(1).map((end, index) => whole.subarray(at[index], end)))).toEqual(parse([whole]));
      }),
    );
  });

  it.each([
    ['a line', 'x'.repeat(20_000)],
    ['an event', `${'data: xxxxxxxxx\n'.repeat(2_000)}`],
  ])('bounds %s', (_what, text) =>
    expect(parse([Buffer.from(text.startsWith('data') ? text : `data: ${text}`)]).fits).toBe(false),
  );
});
