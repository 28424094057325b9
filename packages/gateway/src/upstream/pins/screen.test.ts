/** Definitions that are withheld because of their name, their shape or their number (A5, S9, D2). */
import type { JsonObject } from '@sallyport/guard';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { fakeHttp, tool, type FakeHttp } from '../testing/fake-http.mts';
import { httpTransport, PIN_STORES, createHarness, serverSettings, type UpstreamHarness } from '../testing/harness.mts';

let fake: FakeHttp;
let harness: UpstreamHarness;

const FULL: JsonObject = {
  name: 'echo',
  title: 'Echo',
  description: 'Does echo.',
  inputSchema: {
    type: 'object',
    properties: {
      q: {
        type: 'string',
        title: 'Q',
        default: 'a',
        enum: ['a', 'b'],
        examples: ['a'],
        pattern: '^a',
        $comment: 'c',
        'x-vendor': 1,
      },
    },
    required: ['q'],
  },
  outputSchema: { type: 'object', properties: { r: { const: 1 } } },
  annotations: { readOnlyHint: true, title: 'E' },
  icons: [{ src: 'https://x/y.png' }],
  _meta: { ui: { resourceUri: 'ui://x' } },
  'x-unknown': { deep: [1, { er: 'text' }] },
};

describe.each(PIN_STORES)('with a pin store that %s', (_answers, createPins) => {
  beforeEach(async () => {
    fake = await fakeHttp();
    harness = createHarness([serverSettings('s', httpTransport(fake.url), { verifyIntervalMs: 0 })], createPins());
    await harness.upstreams.loadPins();
  });

  afterEach(async () => {
    await harness.close();
    await fake.close();
  });

  it('a definition that clients would refuse with the whole list is withheld', async () => {
    const good = [
      FULL,
      { name: 'bare', inputSchema: { type: 'object' } },
      { name: 'rows', inputSchema: { type: 'object' }, outputSchema: { type: 'array' } },
    ];
    const wrong: JsonObject[] = [
      {},
      { inputSchema: {} },
      { inputSchema: { type: 'array' } },
      { inputSchema: { type: 'object', properties: [] } },
      ...[
        { title: 5 },
        { description: {} },
        { annotations: 'x' },
        { outputSchema: 'x' },
        { icons: [{}] },
        { icons: 'x' },
        { _meta: [] },
        { execution: 1 },
      ].map((more) => ({ inputSchema: { type: 'object' }, ...more })),
    ];
    fake.tools = () => [...good, ...wrong.map((more, at) => ({ name: `wrong_${'abcdefghijklmnop'[at]}`, ...more }))];
    expect(await harness.listNames('tools/list', ['s'])).toEqual(['echo', 'bare', 'rows']);
    expect(harness.events.filter(({ kind }) => kind === 'withheld')).toHaveLength(wrong.length);
  });

  it('A5 what is withheld is noted for operators, and no longer when the server has changed it', async () => {
    fake.tools = () => [tool('greet'), tool('greet (with Icons)'), tool('a\u0007b')];
    expect(await harness.listNames('tools/list', ['s'])).toEqual(['greet']);
    const reason = 'characters or length outside the allowed alphabet';
    expect(await harness.pins.withheld()).toEqual([
      { server: 's', kind: 'tool', name: 'greet (with Icons)', reason },
      { server: 's', kind: 'tool', name: 'a?b', reason },
    ]);
    fake.tools = () => [tool('greet')];
    await harness.listNames('tools/list', ['s']);
    expect(await harness.pins.withheld()).toEqual([]);
  });

  it('D2 the note of one list is bounded, and its store is written only when it changes', async () => {
    fake.tools = () => Array.from({ length: 50 }, (_, at) => tool(`n ${at}`));
    await harness.listNames('tools/list', ['s']);
    const [first, ...others] = [...(await harness.pins.withheld())].reverse();
    expect([first, others.length]).toEqual([{ server: 's', kind: 'tool', name: '', reason: 'and more' }, 20]);
    const apply = vi.spyOn(harness.pins, 'apply');
    await harness.listNames('tools/list', ['s']);
    expect(apply).not.toHaveBeenCalled();
  });

  describe('A5 S9 names', () => {
    const served = async (...tools: JsonObject[]): Promise<readonly string[]> => {
      fake.tools = () => tools;
      return harness.listNames('tools/list', ['s']);
    };

    it.each([
      ['Cyrillic e', 'sеnd_mail'],
      ['zero width', 'send\u200b_mail'],
      ['trailing dot of a pinned name', 'send_mail.'],
      ['case', 'Send_Mail'],
      ['look-alike digit', 'send_mai1'],
      ['rn for m', 'send_rnail'],
      ['too long', 'x'.repeat(129)],
      ['empty', ''],
      ['space', 'send mail'],
      ['newline', 'send\nmail'],
      ['prefix of a server', 's__echo'],
    ])('A5 S9 %s is withheld, and the name that it imitates stays', async (_what, name) => {
      expect(await served(tool('send_mail'))).toEqual(['send_mail']);
      expect(await served(tool(name), tool('send_mail'))).toEqual(['send_mail']);
      expect(harness.events).toContainEqual(
        expect.objectContaining({ kind: 'withheld', server: 's', definition: 'tool' }),
      );
      expect(await harness.run('tools/call', { kind: 'tool', server: 's', name }, { name }, {})).toMatchObject({
        error: { code: 'not_found' },
      });
    });

    it('A5 of new names that look alike none is served, neither the first nor the last', async () => {
      expect(await served(tool('pay_bill'), tool('Pay_Bill'), tool('other'))).toEqual(['other']);
      expect(await served(tool('twice'), tool('twice', { title: 'second' }), tool('other'))).toEqual(['other']);
    });

    it('S9 more than 5,000 tools are refused', async () => {
      fake.tools = () => Array.from({ length: 5_001 }, (_, at) => tool(`t${at}`));
      await expect(harness.listNames('tools/list', ['s'])).rejects.toMatchObject({ code: 'upstream_failed' });
      expect(harness.logs.at(-1), 'why, under the id that the caller was told').toMatchObject({
        message: 'a call to a server failed',
        fields: { correlation_id: 'c', server: 's', why: expect.any(String) as string },
      });
      expect((await harness.pins.pins()).filter(({ kind }) => kind === 'tool')).toEqual([]);
    });

    it.each(['first_use', 'approval'] as const)(
      'D2 ever new names take no more than a list may have (%s), and only a few are logged',
      async (pin) => {
        const greedy = createHarness(
          [serverSettings('s', httpTransport(fake.url), { pin, verifyIntervalMs: 0 })],
          createPins(),
        );
        let round = 0;
        fake.tools = () => [tool('echo'), ...Array.from({ length: 2_000 }, (_, at) => tool(`t${round}x${at}`))];
        for (; round < 5; round++) await greedy.listNames('tools/list', ['s']);
        const kept = [...(await greedy.pins.pins()), ...(await greedy.pins.pending())].filter(
          ({ kind }) => kind === 'tool',
        );
        expect(kept).toHaveLength(5_000);
        expect(await greedy.listNames('tools/list', ['s'])).toEqual(pin === 'first_use' ? ['echo'] : []);
        expect(greedy.events.filter(({ kind }) => kind === 'withheld').length).toBeLessThan(100);
        await greedy.close();
      },
    );

    it('S9 only allowed tools exist, pinned or not', async () => {
      const narrow = createHarness(
        [serverSettings('s', httpTransport(fake.url), { allowTools: ['echo'] })],
        createPins(),
      );
      fake.tools = () => [tool('echo'), tool('rm')];
      expect(await narrow.listNames('tools/list', ['s'])).toEqual(['echo']);
      expect((await narrow.pins.pins()).map(({ name }) => name)).not.toContain('rm');
      await narrow.close();
    });
  });
});
