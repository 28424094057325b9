/** What every command needs that talks to a running gateway. */

/** What a user without a credential reads. */
export const NO_TOKEN = 'SALLYPORT_TOKEN is not set: put an access token or an API key (sallyport keys create) into it';

/** Whether a text is an http or https URL. */
export const isAddress = (text: string): boolean => URL.canParse(text) && /^https?:$/.test(new URL(text).protocol);
