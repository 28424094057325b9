import type { FiledApproval, JsonObject } from '@sallyport/guard';
import { describe, expect, it } from 'vitest';
import type { ApiCaller } from '../api/access.ts';
import { callerOf } from '../testing/open-api.mts';
import { checkStepUp, needsStepUp } from './step-up.ts';

const NOW_MS = 1_000_000_000;
const filed = (stepUpMs: number | undefined): FiledApproval =>
  ({ demand: { ...(stepUpMs !== undefined && { stepUpMs }) } }) as unknown as FiledApproval;

/** Somebody who signed in at a time, in a browser. */
const inBrowser = (authTimeMs: number): ApiCaller => ({
  ...callerOf('carol', ['approver']),
  session: { idHash: '', csrfToken: '', authTimeMs, acr: undefined, expiresAtMs: NOW_MS * 2, tenants: ['acme'] },
});
/** The holder of a token with this `auth_time`, in seconds. */
function withToken(authTime: unknown): ApiCaller {
  const caller = callerOf('carol', ['approver']);
  const { principal } = caller;
  return {
    ...caller,
    principal: { ...principal, user: { ...principal.user, claims: { auth_time: authTime as number } } },
  };
}

/** The same, where one acr is asked for, and another one may have been used. */
function inWay(caller: ApiCaller, acr: JsonObject[string] | undefined): ApiCaller {
  const { principal, session } = caller;
  const claims = { ...principal.user.claims, ...(acr !== undefined && { acr }) };
  return {
    ...caller,
    stepUpAcrValues: ['mfa', 'hardware'],
    principal: { ...principal, user: { ...principal.user, claims } },
    session: session && { ...session, acr: typeof acr === 'string' ? acr : undefined },
  };
}

describe('U5 U17 a yes that needs a fresh sign-in', () => {
  it.each<[string, ApiCaller, boolean]>([
    ['a sign-in of just now', inBrowser(NOW_MS - 1_000), false],
    ['a sign-in at the limit', inBrowser(NOW_MS - 300_000), false],
    ['a sign-in one millisecond too old', inBrowser(NOW_MS - 300_001), true],
    ['an issuer that does not say when', inBrowser(0), true],
    ['a sign-in of the future', inBrowser(NOW_MS + 60_001), true],
    ['a token with a fresh auth_time', withToken(NOW_MS / 1000 - 10), false],
    ['a token with an old auth_time', withToken(NOW_MS / 1000 - 301), true],
    ['a token without auth_time, or a key', withToken(undefined), true],
    ['an auth_time that is no number', withToken(String(NOW_MS / 1000)), true],
    ['an auth_time without end', withToken(Number.POSITIVE_INFINITY), true],
    ['an acr that is asked for', inWay(inBrowser(NOW_MS), 'mfa'), false],
    ['another acr, with a fresh sign-in', inWay(inBrowser(NOW_MS), 'password'), true],
    ['no acr where one is asked for', inWay(inBrowser(NOW_MS), undefined), true],
    ['a token with an acr that is asked for', inWay(withToken(NOW_MS / 1000), 'mfa'), false],
    ['a token with another acr', inWay(withToken(NOW_MS / 1000), 'password'), true],
    ['a token with a list of acr', inWay(withToken(NOW_MS / 1000), ['mfa']), true],
  ])('by %s', (_name, caller, needed) => {
    expect(needsStepUp(filed(300_000), caller, NOW_MS)).toBe(needed);
    expect(needsStepUp(filed(undefined), caller, NOW_MS)).toBe(false);
    const check = (): void => checkStepUp(filed(300_000), caller, NOW_MS);
    if (needed) expect(check).toThrow('needs a fresh sign-in');
    else expect(check).not.toThrow();
  });
});
