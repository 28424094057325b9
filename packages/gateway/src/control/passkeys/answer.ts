/** What browsers send of a passkey, as `@simplewebauthn/browser` makes it (WebAuthn Level 3, JSON). */
import { z } from 'zod';

const base64url = (charactersMax: number) =>
  z
    .string()
    .max(charactersMax)
    .regex(/^[\w-]+$/, 'must be base64url');

const credential = {
  id: base64url(1_400),
  rawId: base64url(1_400),
  type: z.literal('public-key'),
  clientExtensionResults: z.looseObject({}),
  authenticatorAttachment: z.string().max(32).nullish(),
};

/** Of `navigator.credentials.create()`. */
export const registrationAnswer = z
  .object({
    ...credential,
    response: z.object({
      clientDataJSON: base64url(4_096),
      attestationObject: base64url(32_768),
      transports: z.array(z.string().max(32)).max(8).optional(),
      authenticatorData: base64url(8_192).optional(),
      publicKey: base64url(8_192).optional(),
      publicKeyAlgorithm: z.number().optional(),
    }),
  })
  .meta({ id: 'PasskeyRegistration' });

/** Of `navigator.credentials.get()`. */
export const assertionAnswer = z
  .object({
    ...credential,
    response: z.object({
      clientDataJSON: base64url(4_096),
      authenticatorData: base64url(8_192),
      signature: base64url(4_096),
      userHandle: base64url(256).nullish(),
    }),
  })
  .meta({ id: 'PasskeyAssertion' });

/** Options for the browser, passed on as they are. */
export const browserOptions = z.looseObject({ challenge: z.string() }).meta({ id: 'PasskeyOptions' });

/** A passkey of the caller. */
export const passkeySchema = z
  .object({
    id: z.string(),
    name: z.string(),
    created_at: z.iso.datetime(),
    used_at: z.iso.datetime().optional(),
  })
  .meta({ id: 'Passkey' });
