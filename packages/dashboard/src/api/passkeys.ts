/** Passkeys of this browser (WebAuthn). The library is loaded when one is used. */
import type {
  PublicKeyCredentialCreationOptionsJSON,
  PublicKeyCredentialRequestOptionsJSON,
} from '@simplewebauthn/browser';
import { change, Problem } from './client.ts';
import type { Passkey } from './types.ts';

/** Signs a yes to one request. @throws Problem with a sentence for the person. */
export async function signApproval(id: string): Promise<unknown> {
  const optionsJSON = await change<PublicKeyCredentialRequestOptionsJSON>('POST', `/approvals/${id}/passkey`).catch(
    (thrown: unknown) => {
      // A 409 of a decision says that somebody else decided; here it says that there is no passkey.
      throw thrown instanceof Problem ? new Problem(0, thrown.code, thrown.message, thrown.correlationId) : thrown;
    },
  );
  const { startAuthentication } = await import('@simplewebauthn/browser');
  return startAuthentication({ optionsJSON }).catch(refused);
}

/** Makes a passkey and registers it. @throws Problem with a sentence for the person. */
export async function registerPasskey(name: string): Promise<Passkey> {
  const optionsJSON = await change<PublicKeyCredentialCreationOptionsJSON>('POST', '/passkeys/options');
  const { startRegistration } = await import('@simplewebauthn/browser');
  const answer = await startRegistration({ optionsJSON }).catch(refused);
  return change<Passkey>('POST', '/passkeys', { body: { name, answer } });
}

/** The words of browsers differ, and do not say what to do. */
function refused(thrown: unknown): never {
  const known = thrown instanceof Error && thrown.name === 'InvalidStateError';
  throw new Problem(
    0,
    'PASSKEY',
    known ? 'This device has a passkey of yours already.' : 'You did not confirm it with a passkey.',
  );
}
