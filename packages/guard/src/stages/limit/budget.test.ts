/** Stage 6: which budget a call takes from, and what the refusal says when it is empty (H17, O25). */
import { describe, expect, it } from 'vitest';
import type { Definition, Principal } from '../../call.ts';
import { GuardError } from '../../errors.ts';
import { createManualClock, createMemoryRateLimiter, silentObserver } from '../../memory/index.ts';
import { methodRow, METHODS, type MethodRow } from '../../methods.ts';
import type { RateLimiter } from '../../ports.ts';
import { addressRule, createLimit, createRefusals, type LimitSetting, type LimitTiers } from './index.ts';
import type { Digest, TenantId } from '../../identifiers.ts';

interface Caller {
  readonly issuer?: string;
  readonly subject?: string;
  readonly client?: string;
  readonly tenant?: string;
  readonly tier?: string;
  readonly method?: string;
  readonly definition?: Partial<Definition> | null;
}

const TOOL: Definition = {
  server: 'crm',
  kind: 'tool',
  name: 'get',
  document: {},
  digest: 'sha256:0' as Digest,
  labels: [],
};
const setting = (per: LimitSetting['per'], limit = 1, periodMs = 60_000): LimitSetting => ({ per, limit, periodMs });

function bench(tiers: LimitTiers, wrap: (limiter: RateLimiter) => RateLimiter = (limiter) => limiter) {
  const clock = createManualClock();
  const limited: string[] = [];
  const observer = { ...silentObserver, limited: (...labels: string[]) => void limited.push(labels.join(' ')) };
  const stage = createLimit({ limiter: wrap(createMemoryRateLimiter(clock)), tiers: () => tiers, observer });
  const call = async ({
    issuer = 'https://i',
    subject = 'alice',
    client = 'agent',
    tenant = 'acme',
    tier,
    method = 'tools/call',
    definition = {},
  }: Caller = {}): Promise<string> => {
    const principal = {
      user: { issuer, subject },
      agent: { clientId: client, actors: [] },
      tier,
    } as unknown as Principal;
    try {
      await stage(
        { principal, tenant: { id: tenant as TenantId } },
        {
          row: methodRow(method) as MethodRow,
          definition: definition === null ? undefined : { ...TOOL, ...definition },
          input: {},
        },
      );
      return 'ok';
    } catch (thrown) {
      if (!(thrown instanceof GuardError)) throw thrown;
      return thrown.code;
    }
  };
  return { clock, limited, stage, call };
}

const ALL: Caller = { issuer: 'https://j', subject: 'bob', client: 'other', definition: { name: 'set' } };

describe('H17 a budget', () => {
  it.each<[name: string, per: LimitSetting['per'], shared: readonly Caller[], own: readonly Caller[]]>([
    ['the tenant’s', ['tenant'], [ALL], [{ tenant: 'globex' }, { tenant: '__proto__' }, { tenant: '' }]],
    [
      'the user’s',
      ['user'],
      [{ client: 'other' }, { definition: { name: 'set' } }],
      [{ subject: 'Alice' }, { issuer: 'https://j' }, { tenant: 'globex' }, { subject: 'constructor' }],
    ],
    [
      'the agent’s',
      ['agent'],
      [{ subject: 'bob' }, { definition: { name: 'set' } }],
      [{ client: 'other' }, { tenant: 'globex' }],
    ],
    [
      'the tool’s',
      ['tool'],
      [{ subject: 'bob', client: 'other' }],
      [
        { definition: { name: 'set' } },
        { definition: { server: 'mail' } },
        { definition: { kind: 'prompt' } },
        { tenant: 'globex' },
      ],
    ],
    [
      'the user’s for each tool',
      ['user', 'tool'],
      [{ client: 'other' }],
      [{ subject: 'bob' }, { definition: { name: 'set' } }, { tenant: 'globex' }],
    ],
    [
      'the user’s with each agent',
      ['user', 'agent'],
      [{ definition: { name: 'set' } }],
      [{ subject: 'bob' }, { client: 'other' }],
    ],
  ])('%s', async (_name, per, shared, own) => {
    const { call } = bench({ default: [setting(per)] });
    expect(await call()).toBe('ok');
    for (const caller of shared) expect([caller, await call(caller)]).toEqual([caller, 'rate_limited']);
    for (const caller of own) expect([caller, await call(caller)]).toEqual([caller, 'ok']);
    for (const caller of own) expect([caller, await call(caller)]).toEqual([caller, 'rate_limited']);
  });

  it('O25 is separate for each key, also where the parts join to the same text', async () => {
    const pairs: readonly (readonly [LimitSetting['per'], Caller, Caller])[] = [
      [['user'], { tenant: 'a:b', subject: 'c' }, { tenant: 'a', subject: 'b:c' }],
      [['user'], { tenant: 'a","b', subject: 'c' }, { tenant: 'a', subject: 'b","c' }],
      [['agent', 'user'], { client: 'a', subject: 'b' }, { client: 'auhttps://i', subject: 'b' }],
      [['user', 'agent'], { subject: 'x', client: 'y:z' }, { subject: 'x:y', client: 'z' }],
      [['user', 'agent'], { subject: 'x:a1', client: '2' }, { subject: 'x', client: '1:a2' }],
    ];
    for (const [per, left, right] of pairs) {
      const { call } = bench({ default: [setting(per)] });
      expect([await call(left), await call(right), await call(left), await call(right)]).toEqual([
        'ok',
        'ok',
        'rate_limited',
        'rate_limited',
      ]);
    }
    const { call } = bench({ default: [setting(['user']), setting(['agent'])] });
    expect(
      [await call({ issuer: '', subject: 'x', client: 'y' }), await call({ issuer: '', subject: 'y', client: '|x' })],
      'a user is no agent',
    ).toEqual(['ok', 'ok']);
  });

  it('is separate for each size and period', async () => {
    const { clock, call } = bench({ default: [setting(['user'], 3, 60_000), setting(['user'], 2, 1_000)] });
    expect([await call(), await call(), await call()]).toEqual(['ok', 'ok', 'rate_limited']);
    clock.advance(1_000);
    expect([await call(), await call()]).toEqual(['ok', 'rate_limited']);
  });

  it('is charged once per call, and not when another budget refuses the call', async () => {
    const { call } = bench({ default: [setting(['tenant'], 3), setting(['user'], 1)] });
    expect([
      await call(),
      await call(),
      await call(),
      await call({ subject: 'bob' }),
      await call({ subject: 'carol' }),
      await call({ subject: 'dave' }),
    ]).toEqual(['ok', 'rate_limited', 'rate_limited', 'ok', 'ok', 'rate_limited']);
  });
});

describe('which budgets', () => {
  it('depend on the tier of the credential; an unknown tier, such as constructor, is the default', async () => {
    const { call } = bench({ default: [setting(['user'], 1)], gold: [setting(['user'], 2)], free: [] });
    const spend = async (tier?: string): Promise<number> => {
      let ok = 0;
      for (let at = 0; at < 5; at++)
        if ((await call({ subject: `s ${tier}`, ...(tier !== undefined && { tier }) })) === 'ok') ok += 1;
      return ok;
    };
    expect([await spend(), await spend('gold'), await spend('free'), await spend('silver')]).toEqual([1, 2, 5, 1]);
    for (const tier of ['constructor', '__proto__', 'toString', 'hasOwnProperty', ''])
      expect([tier, await spend(tier)]).toEqual([tier, 1]);
  });

  it('a table without a default limits nobody', async () =>
    expect([await bench({}).call(), await bench({ gold: [setting(['user'])] }).call()]).toEqual(['ok', 'ok']));

  it('a method that is not limited by the table takes no budget', async () => {
    const { call } = bench({ default: [setting(['user'])] });
    for (const method of ['ping', 'notifications/initialized', 'session/end'])
      expect([await call({ method }), await call({ method })]).toEqual(['ok', 'ok']);
    expect([await call({ method: 'tools/list', definition: null }), await call()]).toEqual(['ok', 'rate_limited']);
  });

  it('a call without a tool has no budget per tool', async () => {
    const { call } = bench({ default: [setting(['tool'])] });
    expect([
      await call({ method: 'tools/list', definition: null }),
      await call({ method: 'tools/list', definition: null }),
      await call(),
      await call(),
    ]).toEqual(['ok', 'ok', 'ok', 'rate_limited']);
  });
});

describe('an empty budget', () => {
  it.each<[when: string, wrap: (limiter: RateLimiter) => RateLimiter]>([
    ['at once', (limiter) => limiter],
    ['later', (limiter) => ({ take: async (rules) => limiter.take(rules) })],
  ])('is refused %s, counted, and says when to come back', async (_when, wrap) => {
    const { stage, limited, call } = bench({ default: [setting(['user'], 2, 60_000)] }, wrap);
    await call();
    await call();
    const principal = {
      user: { issuer: 'https://i', subject: 'alice' },
      agent: { clientId: 'agent' },
    } as unknown as Principal;
    const thrown: unknown = await Promise.resolve()
      .then(() =>
        stage(
          { principal, tenant: { id: 'acme' as TenantId } },
          { row: METHODS['tools/call'], definition: TOOL, input: {} },
        ),
      )
      .catch((error: unknown) => error);
    expect(thrown).toMatchObject({
      code: 'rate_limited',
      detail: {
        retryAfterSeconds: 30,
        headers: {
          'Retry-After': '30',
          'X-RateLimit-Limit': '2',
          'X-RateLimit-Remaining': '0',
          'X-RateLimit-Reset': '60',
        },
      },
    });
    expect(limited).toEqual(['user crm get']);
  });

  it('never asks to retry after zero seconds', async () => {
    const { stage } = bench({ default: [setting(['user'], 100, 1_000)] });
    const principal = { user: { issuer: 'i', subject: 's' }, agent: { clientId: 'a' } } as unknown as Principal;
    const judged = { row: METHODS['tools/call'], definition: TOOL, input: {} };
    const spend = (): void => {
      for (let at = 0; at < 101; at++) void stage({ principal, tenant: { id: 'acme' as TenantId } }, judged);
    };
    expect(spend).toThrow(
      expect.objectContaining({ detail: expect.objectContaining({ retryAfterSeconds: 1 }) as object }) as Error,
    );
  });

  it('A29 a limiter that fails refuses', async () => {
    for (const take of [
      () => {
        throw new Error('down');
      },
      () => Promise.reject(new Error('down')),
    ])
      await expect(bench({ default: [setting(['user'])] }, () => ({ take })).call()).rejects.toThrow('down');
  });
});

describe('H17 refusals', () => {
  const who = (key: string) =>
    ({ principal: { user: { issuer: 'i', subject: key } }, tenant: { id: 't' } }) as unknown as Parameters<
      ReturnType<typeof createRefusals>['check']
    >[0];
  const open = (wrap: (limiter: RateLimiter) => RateLimiter = (limiter) => limiter) => {
    const clock = createManualClock();
    const limited: unknown[] = [];
    return {
      clock,
      refusals: createRefusals({
        limiter: wrap(createMemoryRateLimiter(clock)),
        perMinute: () => 2,
        now: () => clock.now(),
        observer: { ...silentObserver, limited: (...report) => void limited.push(report) },
      }),
      limited,
    };
  };

  it('block a user with too many refusals and nobody else, until its budget refills', () => {
    const { clock, refusals, limited } = open();
    for (let at = 0; at < 3; at++) refusals.charge(who('a'));
    expect(() => refusals.check(who('b'))).not.toThrow();
    refusals.charge(who('b'));
    refusals.charge(who('b'));
    expect(() => refusals.check(who('b'))).not.toThrow();
    clock.advance(29_999);
    expect(() => refusals.check(who('a'))).toThrow(
      expect.objectContaining({
        code: 'rate_limited',
        message: 'Too many of your calls were refused, so all are for a while (2 calls per 60 s).',
      }) as Error,
    );
    expect(limited, 'counted').toEqual([['refusals', '', '']]);
    clock.advance(1);
    expect(() => refusals.check(who('a'))).not.toThrow();
  });

  it('B7 a user with several client ids has one budget', () => {
    const { refusals } = open();
    const client = (clientId: string) => ({
      ...who('a'),
      principal: { ...who('a').principal, key: clientId as never },
    });
    for (const id of ['one', 'two', 'three']) refusals.charge(client(id));
    expect(() => refusals.check(client('four'))).toThrow(GuardError);
  });

  it('count also when the limiter answers later; a limiter that fails breaks nothing', async () => {
    const { refusals } = open((limiter) => ({ take: async (rules) => limiter.take(rules) }));
    for (let at = 0; at < 3; at++) refusals.charge(who('a'));
    await new Promise((done) => {
      setImmediate(done);
    });
    expect(() => refusals.check(who('a'))).toThrow(GuardError);
    const broken = open(() => ({ take: () => Promise.reject(new Error('down')) })).refusals;
    const unhandled: unknown[] = [];
    const note = (reason: unknown): void => void unhandled.push(reason);
    process.on('unhandledRejection', note);
    broken.charge(who('a'));
    await new Promise((done) => {
      setImmediate(done);
    });
    process.off('unhandledRejection', note);
    expect(unhandled).toEqual([]);
    expect(() => broken.check(who('a'))).not.toThrow();
  });

  it('D2 are remembered for a bounded number of users', () => {
    const { refusals } = open();
    for (let at = 0; at < 3; at++) refusals.charge(who('first'));
    for (let at = 0; at < 10_000; at++) for (let time = 0; time < 3; time++) refusals.charge(who(`p${at}`));
    expect(() => refusals.check(who('first')), 'the oldest is forgotten').not.toThrow();
    expect(() => refusals.check(who('p9999'))).toThrow(GuardError);
    refusals.charge(who('first'));
    expect(() => refusals.check(who('first')), 'and stopped again with its next refusal').toThrow(GuardError);
  });
});

it.each([
  ['2001:db8:1:2::1', '2001:db8:1:2:ffff::9', true],
  ['2001:db8::1', '2001:db8:0:0:1::', true],
  ['2001:0db8:0001:0002::1', '2001:db8:1:2::2', true],
  ['2001:db8:1:2::1', '2001:db8:1:3::1', false],
  ['::1', '::2', true],
  ['::FFFF:10.0.0.1', '10.0.0.1', true],
  ['::ffff:10.0.0.1', '::ffff:10.0.0.2', false],
  ['10.0.0.1', '10.0.0.2', false],
  ['fe80::1', '2001:db8::1', false],
])('H17 the addresses %s and %s share a budget: %s', (left, right, shared) =>
  expect(addressRule(left, 1).key === addressRule(right, 1).key).toBe(shared),
);
