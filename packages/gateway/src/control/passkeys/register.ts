/** `POST /api/v1/passkeys/options` and `POST /api/v1/passkeys`: a person registers a passkey, in two steps. */
import { z } from 'zod';
import { route } from '../api/route.ts';
import type { ApiDeps } from '../deps.ts';
import { recordChange } from '../record-change.ts';
import { browserOptions, passkeySchema, registrationAnswer } from './answer.ts';
import { passkeyView } from './list.ts';

/** What the browser is asked for. */
export const passkeyOptions = route({
  method: 'POST',
  path: '/api/v1/passkeys/options',
  access: 'person',
  summary: 'Options for `navigator.credentials.create()`.',
  description: 'For a session whose sign-in is at most five minutes old.',
  body: z.strictObject({}),
  errors: ['PERMISSION_DENIED', 'STEP_UP_REQUIRED', 'CONFLICT'],
  response: browserOptions,
  async handle({ caller }, { passkeys }: Pick<ApiDeps, 'passkeys'>) {
    return { value: (await passkeys.beginRegistration(caller)) as z.input<typeof browserOptions> };
  },
});

/** Kept after the answer was checked. */
export const registerPasskey = route({
  method: 'POST',
  path: '/api/v1/passkeys',
  access: 'person',
  summary: 'Register a passkey.',
  body: z.strictObject({
    name: z
      .string()
      .regex(/^[^\p{C}]{1,64}$/u, 'must be 1 to 64 characters')
      .describe('What the person calls it.'),
    answer: registrationAnswer,
  }),
  status: 201,
  errors: ['PERMISSION_DENIED', 'STEP_UP_REQUIRED', 'CONFLICT', 'AUDIT_UNAVAILABLE'],
  response: passkeySchema,
  async handle({ body, caller }, deps: Pick<ApiDeps, 'passkeys' | 'audit' | 'clock'>) {
    const passkey = await deps.passkeys.checkRegistration(caller, body.name, body.answer);
    const target = { passkey_id: passkey.id, name: passkey.name };
    await recordChange(deps, caller, { operation: 'passkey.register', target, before: null }, async () => {
      await deps.passkeys.keep(passkey);
      return { result: undefined, after: target };
    });
    return { value: passkeyView(passkey) };
  },
});
