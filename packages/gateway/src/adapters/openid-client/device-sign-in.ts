/**
 * Sign-in of a program without a browser (RFC 8628) on `openid-client`: a person confirms a code on the issuer's page
 * while the program asks for the tokens. They are renewed and revoked here too.
 */
import {
  customFetch,
  genericGrantRequest,
  initiateDeviceAuthorization,
  refreshTokenGrant,
  ResponseBodyError,
  tokenRevocation,
  type Configuration,
} from 'openid-client';
import { checkedFetch } from './checked-fetch.ts';
import { discover } from './discover.ts';

/** A client without a secret, and what it asks for. */
export interface DeviceClient {
  readonly issuer: string;
  readonly clientId: string;
  readonly scopes: readonly string[];
  /** RFC 8707; `undefined` = the issuer decides what the token is for. */
  readonly resource: string | undefined;
}

/** What the issuer gave. */
export interface DeviceTokens {
  readonly accessToken: string;
  readonly refreshToken: string | undefined;
  /** `undefined` when the issuer does not say it. */
  readonly expiresAtMs: number | undefined;
}

/** What the person needs who signs in. */
export interface ShownCode {
  readonly url: string;
  readonly userCode: string;
  readonly expiresInSeconds: number;
}

/** What happens while the person signs in. */
export interface DeviceSteps {
  show(code: ShownCode): void;
  /** The issuer asked for patience, or could not be reached. */
  slower(reason: 'asked' | 'unreachable', seconds: number): void;
  pause(ms: number): Promise<void>;
  nowMs(): number;
}

const DEVICE_CODE = 'urn:ietf:params:oauth:grant-type:device_code';
/** RFC 8628 section 3.5. */
const INTERVAL_SECONDS = 5;
const SLOW_DOWN_SECONDS = 5;

/** @throws Error with a sentence for the person. */
export async function signInByDevice(client: DeviceClient, steps: DeviceSteps): Promise<DeviceTokens> {
  const configuration = await discovered(client);
  const { device_authorization_endpoint: endpoint, scopes_supported: scopes = [] } = configuration.serverMetadata();
  if (endpoint === undefined) throw new Error(`${client.issuer} offers no sign-in by a device code`);
  // Without it many issuers give no refresh token.
  const offline = scopes.includes('offline_access') ? ['offline_access'] : [];
  const code = await initiateDeviceAuthorization(configuration, {
    scope: [...new Set(['openid', ...offline, ...client.scopes])].join(' '),
    ...resourceOf(client),
  }).catch((thrown: unknown) => {
    throw new Error(`${client.issuer} refused the sign-in of ${client.clientId}: ${reasonOf(thrown)}`, {
      cause: thrown,
    });
  });
  const address = URL.parse(code.verification_uri);
  if (address === null || !/^https?:$/.test(address.protocol))
    throw new Error(`${client.issuer} named a page that is no web address`);
  steps.show({ url: address.href, userCode: code.user_code, expiresInSeconds: code.expires_in });
  return poll(client, configuration, code, steps);
}

/** Asks for the tokens, as often as RFC 8628 section 3.5 allows, until the person has answered. */
async function poll(
  client: DeviceClient,
  configuration: Configuration,
  code: { readonly device_code: string; readonly interval?: number; readonly expires_in: number },
  steps: DeviceSteps,
): Promise<DeviceTokens> {
  const asked = watchFailures(client, configuration);
  let seconds = Math.max(code.interval ?? INTERVAL_SECONDS, 1);
  for (let waited = seconds; waited <= code.expires_in + seconds; waited += seconds) {
    await steps.pause(seconds * 1_000);
    asked.failed = false;
    try {
      const body = { device_code: code.device_code, ...resourceOf(client) };
      return tokensOf(await genericGrantRequest(configuration, DEVICE_CODE, body), steps.nowMs());
    } catch (thrown) {
      const error = thrown instanceof ResponseBodyError ? thrown.error : undefined;
      if (error === 'authorization_pending') continue;
      if (error !== 'slow_down' && !asked.failed) throw new Error(refusalOf(client, thrown), { cause: thrown });
      // An issuer that does not answer is asked half as often each time.
      seconds += asked.failed ? seconds : SLOW_DOWN_SECONDS;
      steps.slower(asked.failed ? 'unreachable' : 'asked', seconds);
    }
  }
  throw new Error(EXPIRED);
}

const EXPIRED = 'The code has expired before anybody confirmed it. Try again: sallyport login';

function refusalOf({ issuer }: DeviceClient, thrown: unknown): string {
  const error = thrown instanceof ResponseBodyError ? thrown.error : undefined;
  if (error === 'expired_token') return EXPIRED;
  if (error === 'access_denied') return 'The sign-in was refused on the page of the issuer.';
  return `${issuer} gave no tokens: ${reasonOf(thrown)}`;
}

/** Notes which requests got no answer, or that of a broken server: they are no answer to the question. */
function watchFailures({ issuer }: DeviceClient, configuration: Configuration): { failed: boolean } {
  const asked = { failed: false };
  const send = checkedFetch(issuer);
  configuration[customFetch] = async (address, request) => {
    try {
      const response = await send(address, request);
      if (response.status >= 500) asked.failed = true;
      return response;
    } catch (thrown) {
      asked.failed = true;
      throw thrown;
    }
  };
  return asked;
}

/**
 * Gets new tokens.
 *
 * @returns `undefined` when the issuer has ended the sign-in. @throws Error when it gives no answer.
 */
export async function renewTokens(
  client: DeviceClient,
  refreshToken: string,
  nowMs: number,
): Promise<DeviceTokens | undefined> {
  const configuration = await discovered(client);
  try {
    const tokens = tokensOf(await refreshTokenGrant(configuration, refreshToken, resourceOf(client)), nowMs);
    return { ...tokens, refreshToken: tokens.refreshToken ?? refreshToken };
  } catch (thrown) {
    if (thrown instanceof ResponseBodyError && thrown.error === 'invalid_grant') return undefined;
    throw new Error(`${client.issuer} gave no new tokens: ${reasonOf(thrown)}`, { cause: thrown });
  }
}

/** Ends the tokens. @returns whether the issuer did. */
export async function revokeTokens(
  client: DeviceClient,
  { accessToken, refreshToken }: Pick<DeviceTokens, 'accessToken' | 'refreshToken'>,
): Promise<boolean> {
  try {
    const configuration = await discovered(client);
    if (configuration.serverMetadata().revocation_endpoint === undefined) return false;
    await (refreshToken === undefined
      ? tokenRevocation(configuration, accessToken, { token_type_hint: 'access_token' })
      : tokenRevocation(configuration, refreshToken, { token_type_hint: 'refresh_token' }));
    return true;
  } catch {
    return false;
  }
}

const discovered = ({ issuer, clientId }: DeviceClient): Promise<Configuration> =>
  discover(issuer, clientId, undefined).catch((thrown: unknown) => {
    throw new Error(`${issuer} cannot be reached, or is no issuer: ${reasonOf(thrown)}`, { cause: thrown });
  });

const resourceOf = ({ resource }: DeviceClient): Record<string, string> => (resource === undefined ? {} : { resource });

const tokensOf = (answer: Awaited<ReturnType<typeof genericGrantRequest>>, nowMs: number): DeviceTokens => {
  const seconds = answer.expiresIn();
  return {
    accessToken: answer.access_token,
    refreshToken: answer.refresh_token,
    expiresAtMs: seconds === undefined ? undefined : nowMs + seconds * 1_000,
  };
};

function reasonOf(thrown: unknown): string {
  if (thrown instanceof ResponseBodyError) return thrown.error_description ?? thrown.error;
  return thrown instanceof Error ? thrown.message : String(thrown);
}
