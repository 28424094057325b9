/** Who asks in turn, and the credentials that only our own code can make. */
import { describe, expect, it } from 'vitest';
import type { Credentials, Principal } from '../../call.ts';
import type { Authenticator } from '../../ports.ts';
import { createAuthenticate, firstOf } from './index.ts';
import { authenticateOwnCalls } from './own-calls.ts';
import { CALL, openHarness, outcomeOf, token } from './testing/tokens.mts';

const named = (key: string): Principal => ({ key }) as unknown as Principal;
const TOKEN: Credentials = { kind: 'bearer', token: 'x' };

describe('our own calls', () => {
  it('a request of a server on behalf of a call acts for the caller of that call, as the same principal', async () => {
    const principal = await openHarness().bearer(token());
    expect(await openHarness().present({ kind: 'on_behalf_of_call', principal })).toBe(principal);
  });

  it('the gateway has one principal per tenant', async () => {
    const { present } = openHarness();
    const [acme, globex] = [
      await present({ kind: 'gateway', tenant: 'acme' }),
      await present({ kind: 'gateway', tenant: 'globex' }),
    ];
    expect(acme).toMatchObject({
      user: { issuer: 'urn:sallyport', subject: 'gateway', roles: [] },
      tenantClaim: 'acme',
      scopes: [],
    });
    expect(globex.tenantClaim).toBe('globex');
    expect(acme.key).not.toBe(globex.key);
    expect(await present({ kind: 'gateway', tenant: 'acme' })).toBe(acme);
  });

  it.each<Credentials>([{ kind: 'none' }, { kind: 'malformed', why: 'x' }, TOKEN])(
    '$kind is not one of them',
    (credentials) => expect(authenticateOwnCalls(credentials)).toBeUndefined(),
  );
});

describe('the first that knows the credential decides', () => {
  const silent: Authenticator = () => undefined;
  const later: Authenticator = () => Promise.resolve(undefined);
  const refusing: Authenticator = () => {
    throw new Error('refused');
  };

  it.each<[name: string, order: readonly Authenticator[]]>([
    ['at once', [silent, () => named('a'), () => named('b')]],
    ['later', [later, () => Promise.resolve(named('a')), () => named('b')]],
    ['after one that is slow to say no', [later, silent, later, () => named('a')]],
    ['before one that refuses', [() => named('a'), refusing]],
  ])('%s', async (_name, order) => expect(await firstOf(...order)(TOKEN)).toEqual({ key: 'a' }));

  it('O13 a credential that was refused is not tried elsewhere', async () => {
    for (const order of [
      [refusing, () => named('b')],
      [later, () => Promise.reject(new Error('refused')), () => named('b')],
    ] satisfies Authenticator[][]) {
      await expect(Promise.resolve().then(() => firstOf(...order)(TOKEN))).rejects.toThrow('refused');
    }
  });

  it('A29 an unknown kind of credential is refused, and so is one whose authenticator fails', async () => {
    const faults: string[] = [];
    for (const order of [[], [silent], [later, later]]) {
      const stage = createAuthenticate(order, (type) => void faults.push(type));
      expect(await outcomeOf(Promise.resolve().then(() => stage({ ...CALL, credentials: TOKEN })))).toBe(
        'unauthenticated',
      );
    }
    expect(faults).toEqual(['malformed', 'malformed', 'malformed']);
    await expect(
      Promise.resolve().then(() =>
        createAuthenticate(
          [
            () => {
              throw new TypeError('bug');
            },
          ],
          () => {},
        )({ ...CALL, credentials: TOKEN }),
      ),
    ).rejects.toThrow('bug');
  });

  it('the refusal of a missing credential does not mention invalid tokens', async () => {
    const faults: string[] = [];
    const stage = createAuthenticate([], (type) => void faults.push(type));
    expect(() => stage({ ...CALL, credentials: { kind: 'none' } })).toThrow(
      expect.objectContaining({ code: 'unauthenticated', detail: { cause: expect.any(Error) as Error } }) as Error,
    );
    expect(faults).toEqual(['missing']);
  });
});
