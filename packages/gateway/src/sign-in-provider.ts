/** Sign-in with an issuer: what the control API needs of it, and what `adapters/openid-client/` does. */
import type { JsonObject } from '@sallyport/guard';
import type { SignInSettings } from './snapshot.ts';

/**
 * What the browser must bring back, and what is checked then. Between the two halves of a sign-in it is sealed in a
 * cookie of the browser that began it.
 */
export interface BegunSignIn {
  readonly state: string;
  readonly nonce: string;
  readonly verifier: string;
  readonly redirectUri: string;
  /** Set when the person had to prove again who they are. */
  readonly maxAgeSeconds: number | undefined;
}

/** Who signed in. */
export interface SignedInPerson {
  readonly subject: string;
  /** Of the ID token, and of the UserInfo endpoint where there is one. */
  readonly claims: JsonObject;
  readonly authTimeSeconds: number | undefined;
  readonly acr: string | undefined;
  readonly sid: string | undefined;
}

/** Begins and ends a sign-in. */
export interface SignInProvider {
  /** @returns where the browser goes. @throws Error when the issuer cannot be reached. */
  begin(
    client: SignInSettings,
    redirectUri: string,
    stepUp: { readonly acrValues: readonly string[] } | undefined,
  ): Promise<{ readonly url: string; readonly begun: BegunSignIn }>;
  /** @param callback the address that the browser came back to. @throws Error for every answer that is not right. */
  finish(client: SignInSettings, callback: URL, begun: BegunSignIn): Promise<SignedInPerson>;
}
