/**
 * Passkeys of people who are signed in on the dashboard: registered after a fresh sign-in, and used for one request for
 * approval. Every challenge is for one session and one purpose, is answered once, and is over soon.
 */
import { createHash } from 'node:crypto';
import { STEP_UP_MS, type Clock, type FiledApproval, type JsonObject, type Person } from '@sallyport/guard';
import type { BrowserAnswer, Passkey, PasskeyStore, PasskeyVerifier, RelyingParty } from '../../passkeys.ts';
import type { ApiCaller, CallerSession } from '../api/access.ts';
import { noPasskeysAt, passkeyParty } from '../../passkey-party.ts';
import { provedAtMs } from '../approvals/step-up.ts';
import { ApiProblem } from '../problem.ts';

/** What the endpoints do with passkeys. */
export interface Passkeys {
  list(person: Person): Promise<readonly Passkey[]>;
  remove(person: Person, id: string): Promise<boolean>;
  /** @throws ApiProblem where passkeys cannot be used, without a session, and without a fresh sign-in. */
  beginRegistration(caller: ApiCaller): Promise<JsonObject>;
  /** @returns the passkey, not kept yet. @throws ApiProblem as above, and for an answer that proves nothing. */
  checkRegistration(caller: ApiCaller, name: string, answer: BrowserAnswer): Promise<Passkey>;
  /** @throws ApiProblem for a passkey that is known already, or one too many. */
  keep(passkey: Passkey): Promise<void>;
  /** @throws ApiProblem where passkeys cannot be used, without a session, and for a person who has none. */
  beginApproval(caller: ApiCaller, filed: FiledApproval): Promise<JsonObject>;
  /** @returns what proves the yes. @throws ApiProblem `STEP_UP_REQUIRED` for an answer that proves nothing. */
  checkApproval(caller: ApiCaller, filed: FiledApproval, answer: BrowserAnswer): Promise<PasskeyProof>;
  /** Where a person uses a passkey for a request. */
  pageOf(approvalId: string): string;
}

/** A passkey signed a yes to a request with this digest. */
export interface PasskeyProof {
  readonly id: string;
  readonly digest: string;
}

/** What passkeys work with. */
export interface PasskeysDeps {
  readonly store: PasskeyStore;
  readonly verifier: PasskeyVerifier;
  /** Of the admin listener. */
  readonly publicUrl: () => string;
  readonly clock: Clock;
}

const PASSKEYS_MAX = 10;
const CHALLENGE_MS = 180_000;

export function createPasskeys(deps: PasskeysDeps): Passkeys {
  const { store, verifier, publicUrl } = deps;
  return {
    list: async (person) => store.list(person),
    remove: async (person, id) => store.remove(person, id),
    async beginRegistration(caller) {
      const party = partyOf(publicUrl());
      const session = freshSession(caller, deps);
      const { issuer, subject } = caller.principal.user;
      const user = { id: userIdOf({ issuer, subject }), name: subject };
      const options = await verifier.registrationOptions(party, user, await store.list({ issuer, subject }));
      return keepChallenge(deps, options, registrationOf(session, caller));
    },
    async checkRegistration(caller, name, answer) {
      const party = partyOf(publicUrl());
      const session = freshSession(caller, deps);
      const challenge = await takeChallenge(deps, answer, registrationOf(session, caller));
      const made = challenge === undefined ? undefined : await verifier.verifyRegistration(party, challenge, answer);
      if (made === undefined)
        throw new ApiProblem('INVALID_ARGUMENT', { detail: 'This is no answer to what was asked.' });
      const { issuer, subject } = caller.principal.user;
      return { ...made, issuer, subject, name, createdAtMs: deps.clock.now(), usedAtMs: undefined };
    },
    async keep(passkey) {
      const kept = await store.insert(passkey, PASSKEYS_MAX);
      if (kept === 'exists') throw new ApiProblem('CONFLICT', { detail: 'This passkey is registered already.' });
      if (kept === 'full')
        throw new ApiProblem('CONFLICT', { detail: `A person has at most ${PASSKEYS_MAX} passkeys.` });
    },
    async beginApproval(caller, filed) {
      const party = partyOf(publicUrl());
      const session = sessionOf(caller);
      const known = await store.list(caller.principal.user);
      if (known.length === 0)
        throw new ApiProblem('CONFLICT', { detail: `Register a passkey first, at ${publicUrl()}/passkeys .` });
      return keepChallenge(deps, await verifier.assertionOptions(party, known), approvalOf(session, caller, filed));
    },
    checkApproval: (caller, filed, answer) => checkApproval(deps, caller, filed, answer),
    pageOf: (id) => `${publicUrl()}/approvals/${encodeURIComponent(id)}`,
  };
}

async function checkApproval(
  deps: PasskeysDeps,
  caller: ApiCaller,
  filed: FiledApproval,
  answer: BrowserAnswer,
): Promise<PasskeyProof> {
  const party = partyOf(deps.publicUrl());
  const challenge = await takeChallenge(deps, answer, approvalOf(sessionOf(caller), caller, filed));
  const known = await deps.store.list(caller.principal.user);
  const passkey = known.find(({ id }) => id === answer['id']);
  const counter =
    challenge === undefined || passkey === undefined
      ? undefined
      : await deps.verifier.verifyAssertion(party, challenge, answer, passkey);
  if (passkey === undefined || counter === undefined) throw notProved();
  const used = { ...passkey, counter, usedAtMs: deps.clock.now() };
  // A copy of the passkey that answers at the same time is refused, as one whose counter is behind.
  if (!(await deps.store.used(used, passkey.counter))) throw notProved();
  return { id: passkey.id, digest: filed.digest };
}

const notProved = (): ApiProblem =>
  new ApiProblem('STEP_UP_REQUIRED', { detail: 'The answer of the passkey is not for this request. Try again.' });

/** @throws ApiProblem where browsers allow no passkeys. */
function partyOf(publicUrl: string): RelyingParty {
  const party = passkeyParty(publicUrl);
  if (party === undefined) throw new ApiProblem('CONFLICT', { detail: noPasskeysAt(publicUrl) });
  return party;
}

/** @throws ApiProblem for a token or a key. */
function sessionOf({ session }: ApiCaller): CallerSession {
  if (session === undefined)
    throw new ApiProblem('PERMISSION_DENIED', {
      detail: 'Passkeys are for people who are signed in on the dashboard.',
    });
  return session;
}

/** A stolen session must not get a passkey of its own. @throws ApiProblem */
function freshSession(caller: ApiCaller, { clock }: PasskeysDeps): CallerSession {
  const session = sessionOf(caller);
  const atMs = provedAtMs(caller);
  if (atMs === undefined || Math.abs(clock.now() - atMs) > STEP_UP_MS)
    throw new ApiProblem('STEP_UP_REQUIRED', {
      detail: 'To register a passkey, sign in again first (/auth/login?step_up=1).',
    });
  return session;
}

/** A person is the same in every tenant, and authenticators are not told who it is. */
const userIdOf = ({ issuer, subject }: Person): Uint8Array<ArrayBuffer> =>
  new Uint8Array(
    createHash('sha256')
      .update(JSON.stringify([issuer, subject]))
      .digest(),
  );

const registrationOf = ({ idHash }: CallerSession, { principal: { user } }: ApiCaller): string =>
  JSON.stringify(['register', idHash, user.issuer, user.subject]);

const approvalOf = (
  { idHash }: CallerSession,
  { tenant, principal: { user } }: ApiCaller,
  { id, digest }: FiledApproval,
): string => JSON.stringify(['approve', idHash, user.issuer, user.subject, tenant.id, id, digest]);

async function keepChallenge(
  { store, clock }: PasskeysDeps,
  options: JsonObject,
  boundTo: string,
): Promise<JsonObject> {
  const nowMs = clock.now();
  await store.challenge(String(options['challenge']), boundTo, nowMs + CHALLENGE_MS, nowMs);
  return options;
}

/** @returns the challenge that the answer names, if it waits for this; it is used up in any case. */
async function takeChallenge(
  { store, clock }: PasskeysDeps,
  answer: BrowserAnswer,
  boundTo: string,
): Promise<string | undefined> {
  const challenge = challengeIn(answer);
  if (challenge === undefined) return undefined;
  return (await store.takeChallenge(challenge, boundTo, clock.now())) ? challenge : undefined;
}

/** What is in it is not believed: the signature over it is checked against the challenge afterwards. */
function challengeIn({ response }: BrowserAnswer): string | undefined {
  try {
    const text = (response as { readonly clientDataJSON: string }).clientDataJSON;
    const { challenge } = JSON.parse(Buffer.from(text, 'base64url').toString()) as { readonly challenge?: unknown };
    return typeof challenge === 'string' && challenge.length <= 128 ? challenge : undefined;
  } catch {
    return undefined;
  }
}
