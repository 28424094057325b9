/** The ports of passkeys (WebAuthn): who has which, and what proves that one was used. Types only. */
import type { JsonObject, MaybePromise, Person } from '@sallyport/guard';

/** A passkey of a person. */
export interface Passkey extends Person {
  /** The credential id of WebAuthn, base64url. */
  readonly id: string;
  /** COSE, base64url. */
  readonly publicKey: string;
  /** How often it signed, as the authenticator says; 0 for authenticators that do not count. */
  readonly counter: number;
  readonly transports: readonly string[];
  /** What the person calls it. */
  readonly name: string;
  readonly createdAtMs: number;
  readonly usedAtMs: number | undefined;
}

/** Keeps passkeys, and the challenges that wait for an answer. Every method is one atomic step. */
export interface PasskeyStore {
  /** Oldest first. */
  list(person: Person): MaybePromise<readonly Passkey[]>;
  /** `exists`: for whomever. */
  insert(passkey: Passkey, perPersonMax: number): MaybePromise<'inserted' | 'exists' | 'full'>;
  /** Notes a use. @returns false when the counter is not `before` any more: another answer was quicker. */
  used(passkey: Passkey, before: number): MaybePromise<boolean>;
  /** @returns false when the person has no such passkey. */
  remove(person: Person, id: string): MaybePromise<boolean>;
  /** Keeps a challenge, and forgets those whose time is over. @param boundTo what it may be answered for. */
  challenge(challenge: string, boundTo: string, expiresAtMs: number, nowMs: number): MaybePromise<void>;
  /** Takes a challenge, once. @returns false for one that is unknown, was taken, is over, or is for something else. */
  takeChallenge(challenge: string, boundTo: string, nowMs: number): MaybePromise<boolean>;
}

/** Where passkeys are used: the page of the admin listener. */
export interface RelyingParty {
  /** A host name without a port. */
  readonly id: string;
  readonly origin: string;
}

/** What a browser answered. All of it was chosen by whoever sent it. */
export type BrowserAnswer = Readonly<Record<string, unknown>>;

/** Checks what authenticators sign. */
export interface PasskeyVerifier {
  /** Options for `navigator.credentials.create()`, as JSON. @param userId the same for every passkey of a person. */
  registrationOptions(
    party: RelyingParty,
    user: { readonly id: Uint8Array<ArrayBuffer>; readonly name: string },
    known: readonly Passkey[],
  ): Promise<JsonObject>;
  /** @returns `undefined` for an answer that proves nothing. */
  verifyRegistration(
    party: RelyingParty,
    challenge: string,
    answer: BrowserAnswer,
  ): Promise<Pick<Passkey, 'id' | 'publicKey' | 'counter' | 'transports'> | undefined>;
  /** Options for `navigator.credentials.get()`, as JSON. */
  assertionOptions(party: RelyingParty, known: readonly Passkey[]): Promise<JsonObject>;
  /** @returns the new counter; `undefined` for an answer that proves nothing, or whose counter went back. */
  verifyAssertion(
    party: RelyingParty,
    challenge: string,
    answer: BrowserAnswer,
    passkey: Passkey,
  ): Promise<number | undefined>;
}
