/**
 * Login and consent on one page. It shows which client asks, for what, and where the user returns to. The page has no
 * script, cannot be framed, and accepts a form only from itself and from the browser that the interaction belongs to.
 */
import { createByteBuffer } from '@sallyport/guard';
import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type Provider from 'oidc-provider';
import { page, PAGE_POLICY, sentence } from './page.ts';

/** A user of the demo. */
export interface SignInUser {
  readonly subject: string;
  readonly name: string;
  readonly tenant: string;
  readonly roles: readonly string[];
  readonly groups?: readonly string[];
  readonly tier: string | undefined;
  readonly password: string;
}

interface LoginDeps {
  readonly issuer: string;
  readonly resource: string;
  readonly users: readonly SignInUser[];
  readonly ownClients?: readonly { readonly clientId: string; readonly redirectUri: string | undefined }[];
}

type Interaction = Awaited<ReturnType<Provider['interactionDetails']>>;

/** A request for the page, from the browser that the interaction belongs to. */
interface PageRequest {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly interaction: Interaction;
}

/** A form that was shown: its token, and how many passwords were tried. */
interface ShownForm {
  readonly token: string;
  attempts: number;
}

interface Login extends LoginDeps {
  readonly provider: Provider;
  readonly scope: string;
  /** The forms that were shown, by interaction. */
  readonly forms: Map<string, ShownForm>;
}

const BODY_BYTES_MAX = 4_096;
const ATTEMPTS_MAX = 10;
const FORMS_MAX = 1_000;
const ENDED = 'This sign-in has ended, or it began in another browser. Start again from your client.';

/** @returns the handler of the page. It never rejects. */
export function createLogin(
  provider: Provider,
  deps: LoginDeps,
  scope: string,
): (request: IncomingMessage, response: ServerResponse, uid: string) => Promise<void> {
  const login: Login = { ...deps, provider, scope, forms: new Map() };
  return async (request, response, uid) => {
    try {
      const interaction = await provider.interactionDetails(request, response);
      // The cookie belongs to one interaction, whatever address a client sends it to.
      if (interaction.uid !== uid) throw new Error('the cookie belongs to another interaction');
      const page: PageRequest = { request, response, interaction };
      if (request.method === 'GET') await showForm(login, page);
      else if (request.method === 'POST') await submitForm(login, page);
      else send(response, 405, sentence('Not allowed', 'This page is read and answered with a form.'));
    } catch {
      if (!response.headersSent) send(response, 400, sentence('Sign-in ended', ENDED));
    }
  };
}

const resourcesOf = ({ resource }: Login, { params }: Interaction): string[] =>
  [params['resource'] ?? resource].flat().map(String);

/** Whether the client is the dashboard, which uses no tools. */
const isSignInOnly = ({ ownClients = [] }: Login, { params }: Interaction): boolean =>
  ownClients.some(({ clientId, redirectUri }) => clientId === params['client_id'] && redirectUri !== undefined);

/** @param failed the user name of an attempt that failed. */
async function showForm(login: Login, { response, interaction }: PageRequest, failed?: string): Promise<void> {
  const { provider, forms } = login;
  const { uid, params } = interaction;
  const client = await provider.Client.find(String(params['client_id']));
  const form = forms.get(uid) ?? { token: randomBytes(24).toString('base64url'), attempts: 0 };
  if (forms.size >= FORMS_MAX && !forms.has(uid)) forms.delete(forms.keys().next().value as string);
  forms.set(uid, form);
  const html = page({
    client: client?.clientName ?? String(params['client_id']),
    redirectUri: typeof params['redirect_uri'] === 'string' ? params['redirect_uri'] : undefined,
    resource: isSignInOnly(login, interaction) ? undefined : resourcesOf(login, interaction).join(' '),
    action: `/oauth/interaction/${uid}`,
    token: form.token,
    user: failed ?? '',
    problem: failed === undefined ? undefined : 'The user name or the password is not right.',
  });
  // Not 401, which would have to name an HTTP authentication scheme.
  send(response, failed === undefined ? 200 : 422, html);
}

async function submitForm(login: Login, pageRequest: PageRequest): Promise<void> {
  const { request, response, interaction } = pageRequest;
  const { provider, forms, users } = login;
  const { origin } = new URL(login.issuer);
  const fields = new URLSearchParams(await readBody(request));
  const form = forms.get(interaction.uid);
  if (request.headers.origin !== origin || form === undefined || !isSame(fields.get('token') ?? '', form.token)) {
    const text = 'The form is not from this page. Go back, load the page again and try once more.';
    return send(response, 403, sentence('Not accepted', text));
  }
  if (fields.get('answer') === 'cancel')
    return provider.interactionFinished(request, response, {
      error: 'access_denied',
      error_description: 'the user refused',
    });
  const userName = fields.get('user') ?? '';
  const user = users.find(({ subject }) => subject === userName);
  const isRight = isSame(fields.get('password') ?? '', user?.password ?? '');
  form.attempts += 1;
  if (form.attempts > ATTEMPTS_MAX)
    return send(response, 429, sentence('Too many tries', 'Start again from your client.'));
  if (user === undefined || !isRight) return showForm(login, pageRequest, userName);
  forms.delete(interaction.uid);
  return finishLogin(login, pageRequest, user);
}

async function finishLogin(
  login: Login,
  { request, response, interaction }: PageRequest,
  user: SignInUser,
): Promise<void> {
  const { provider, scope } = login;
  await changeUser(provider, interaction, user);
  // Each sign-in has a grant of its own, so that ending one ends no other.
  const grant = new provider.Grant({ accountId: user.subject, clientId: String(interaction.params['client_id']) });
  for (const resource of resourcesOf(login, interaction)) grant.addResourceScope(resource, scope);
  grant.addOIDCScope(`openid offline_access ${scope}`);
  await provider.interactionFinished(
    request,
    response,
    { login: { accountId: user.subject }, consent: { grantId: await grant.save() } },
    { mergeWithLastSubmission: false },
  );
}

/** Makes the browser's session the user's, without what another user allowed in this browser. */
async function changeUser(provider: Provider, interaction: Interaction, user: SignInUser): Promise<void> {
  const { session } = interaction;
  if (session === undefined || session.accountId === user.subject) return;
  const stored = await provider.Session.findByUid(session.uid);
  if (stored === undefined) return;
  stored.authorizations = {};
  stored.loginAccount({ accountId: user.subject });
  await stored.persist();
  session.accountId = user.subject;
  await interaction.persist();
}

/** Compares in constant time. An empty password matches nothing. */
function isSame(given: string, expected: string): boolean {
  const digest = (text: string): Buffer => createHash('sha256').update(text).digest();
  return timingSafeEqual(digest(given), digest(expected)) && expected !== '';
}

async function readBody(request: IncomingMessage): Promise<string> {
  const body = createByteBuffer();
  for await (const chunk of request as AsyncIterable<Buffer>) {
    if (body.length + chunk.length > BODY_BYTES_MAX) throw new Error('the form is too large');
    body.append(chunk);
  }
  return body.take().toString();
}

function send(response: ServerResponse, status: number, html: string): void {
  // The referrer stays on these pages: with `no-referrer` the form would be sent with `Origin: null`.
  response
    .writeHead(status, {
      'Content-Type': 'text/html; charset=utf-8',
      'Referrer-Policy': 'same-origin',
      'Content-Security-Policy': PAGE_POLICY,
    })
    .end(html);
}
