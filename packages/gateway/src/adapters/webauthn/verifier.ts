/** Passkeys by `@simplewebauthn/server`: the user must be verified, and only answers of our own page count. */
import type { JsonObject } from '@sallyport/guard';
import type {
  AuthenticationResponseJSON,
  AuthenticatorTransport,
  RegistrationResponseJSON,
} from '@simplewebauthn/server';
import type { Passkey, PasskeyVerifier } from '../../passkeys.ts';

/** Loaded when a passkey is used: it would make every start longer. */
const library = () => import('@simplewebauthn/server');

/** How long a browser waits for its user. */
const TIMEOUT_MS = 120_000;

/** Passkeys of the page. Attestation is not asked for: no rule of ours reads who made an authenticator. */
export function createPasskeyVerifier(): PasskeyVerifier {
  return {
    async registrationOptions(party, user, known) {
      const { generateRegistrationOptions } = await library();
      const options = await generateRegistrationOptions({
        rpName: 'Sallyport',
        rpID: party.id,
        userID: user.id,
        userName: user.name,
        timeout: TIMEOUT_MS,
        attestationType: 'none',
        excludeCredentials: known.map(descriptorOf),
        authenticatorSelection: { residentKey: 'preferred', userVerification: 'required' },
      });
      return jsonOf(options);
    },
    async verifyRegistration(party, expectedChallenge, answer) {
      const { verifyRegistrationResponse } = await library();
      const response = answer as unknown as RegistrationResponseJSON;
      const { verified, registrationInfo } = await verifyRegistrationResponse({
        response,
        expectedChallenge,
        expectedOrigin: party.origin,
        expectedRPID: party.id,
        requireUserVerification: true,
      }).catch(() => REFUSED);
      if (!verified || registrationInfo === undefined) return undefined;
      const { id, publicKey, counter } = registrationInfo.credential;
      const transports = response.response.transports ?? [];
      return { id, publicKey: Buffer.from(publicKey).toString('base64url'), counter, transports };
    },
    async assertionOptions(party, known) {
      const { generateAuthenticationOptions } = await library();
      const options = await generateAuthenticationOptions({
        rpID: party.id,
        timeout: TIMEOUT_MS,
        allowCredentials: known.map(descriptorOf),
        userVerification: 'required',
      });
      return jsonOf(options);
    },
    async verifyAssertion(party, expectedChallenge, answer, { id, publicKey, counter }) {
      const { verifyAuthenticationResponse } = await library();
      const { verified, authenticationInfo } = await verifyAuthenticationResponse({
        response: answer as unknown as AuthenticationResponseJSON,
        expectedChallenge,
        expectedOrigin: party.origin,
        expectedRPID: party.id,
        requireUserVerification: true,
        credential: { id, publicKey: new Uint8Array(Buffer.from(publicKey, 'base64url')), counter },
      }).catch(() => REFUSED);
      return verified ? authenticationInfo?.newCounter : undefined;
    },
  };
}

/** The library throws for whatever is wrong with an answer; its words would help an attacker alone. */
const REFUSED = { verified: false, registrationInfo: undefined, authenticationInfo: undefined } as const;

const descriptorOf = ({ id, transports }: Passkey) => ({ id, transports: transports as AuthenticatorTransport[] });

const jsonOf = (options: object): JsonObject => JSON.parse(JSON.stringify(options)) as JsonObject;
