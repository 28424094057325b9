/** What every command needs that talks to a running gateway. */
import { credentialToken, type Environment } from '../config.ts';

const NO_TOKEN = 'SALLYPORT_TOKEN is not set: put an access token or an API key (sallyport keys create) into it';

/** The credential of the user. @throws Error with a sentence for the user when there is none. */
export function requireToken(environment: Environment): string {
  const token = credentialToken(environment);
  if (token === undefined) throw new Error(NO_TOKEN);
  return token;
}

/** Whether a text is an http or https URL. */
export const isAddress = (text: string): boolean => URL.canParse(text) && /^https?:$/.test(new URL(text).protocol);
