/**
 * Login and consent on one page: who asks, for what, where the answer goes, and a password. The page has no script, cannot
 * be framed, and accepts a form only from itself and from the browser that the interaction belongs to.
 */
import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type Provider from 'oidc-provider';
import { page, PAGE_POLICY, sentence } from './page.ts';

export interface SignInUser {
  readonly subject: string;
  readonly name: string;
  readonly tenant: string;
  readonly roles: readonly string[];
  readonly tier: string | undefined;
  readonly password: string;
}

interface LoginDeps {
  readonly issuer: string;
  readonly resource: string;
  readonly users: readonly SignInUser[];
}

type Interaction = Awaited<ReturnType<Provider['interactionDetails']>>;

/** A request for the page, of the browser that the interaction belongs to. */
interface Asked {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly interaction: Interaction;
}

const BODY_MAX = 4_096;
const TRIES_MAX = 10;
const FORMS_MAX = 1_000;
const ENDED = 'This sign-in has ended, or it began in another browser. Start again from your client.';

export function createLogin(
  provider: Provider,
  { issuer, resource, users }: LoginDeps,
  scope: string,
): (request: IncomingMessage, response: ServerResponse, uid: string) => Promise<void> {
  const forms = new Map<string, { readonly token: string; tries: number }>();
  const { origin } = new URL(issuer);
  const resourcesOf = ({ params }: Interaction): string[] => [params['resource'] ?? resource].flat().map(String);
  const show = async ({ response, interaction }: Asked, failed?: { readonly user: string }): Promise<void> => {
    const { uid, params } = interaction;
    const client = await provider.Client.find(String(params['client_id']));
    const form = forms.get(uid) ?? { token: randomBytes(24).toString('base64url'), tries: 0 };
    if (forms.size >= FORMS_MAX && !forms.has(uid)) forms.delete(forms.keys().next().value as string);
    forms.set(uid, form);
    // Not 401, which would have to name an HTTP authentication scheme.
    send(
      response,
      failed === undefined ? 200 : 422,
      page({
        client: client?.clientName ?? String(params['client_id']),
        redirectUri: String(params['redirect_uri']),
        resource: resourcesOf(interaction).join(' '),
        action: `/oauth/interaction/${uid}`,
        token: form.token,
        user: failed?.user ?? '',
        problem: failed === undefined ? undefined : 'The user name or the password is not right.',
      }),
    );
  };
  const accept = async ({ request, response, interaction }: Asked, user: SignInUser): Promise<void> => {
    await changeUser(provider, interaction, user);
    // A grant of its own for each sign-in: ending one ends no other.
    const grant = new provider.Grant({ accountId: user.subject, clientId: String(interaction.params['client_id']) });
    for (const wanted of resourcesOf(interaction)) grant.addResourceScope(wanted, scope);
    grant.addOIDCScope(`openid offline_access ${scope}`);
    await provider.interactionFinished(
      request,
      response,
      { login: { accountId: user.subject }, consent: { grantId: await grant.save() } },
      { mergeWithLastSubmission: false },
    );
  };
  const submit = async (asked: Asked): Promise<void> => {
    const {
      request,
      response,
      interaction: { uid },
    } = asked;
    const fields = new URLSearchParams(await bodyOf(request));
    const form = forms.get(uid);
    if (request.headers.origin !== origin || form === undefined || !same(fields.get('token') ?? '', form.token))
      return send(
        response,
        403,
        sentence('Not accepted', 'The form is not from this page. Go back, load the page again and try once more.'),
      );
    if (fields.get('answer') === 'cancel')
      return provider.interactionFinished(request, response, {
        error: 'access_denied',
        error_description: 'the user refused',
      });
    const user = users.find((one) => one.subject === fields.get('user'));
    const right = same(fields.get('password') ?? '', user?.password ?? '');
    if (++form.tries > TRIES_MAX)
      return send(response, 429, sentence('Too many tries', 'Start again from your client.'));
    if (user === undefined || !right) return show(asked, { user: fields.get('user') ?? '' });
    forms.delete(uid);
    return accept(asked, user);
  };
  return async (request, response, uid) => {
    try {
      const interaction = await provider.interactionDetails(request, response);
      // A cookie is for one address, whatever a client sends it to.
      if (interaction.uid !== uid) throw new Error('of another interaction');
      const asked = { request, response, interaction };
      if (request.method === 'GET') await show(asked);
      else if (request.method === 'POST') await submit(asked);
      else send(response, 405, sentence('Not allowed', 'This page is read and answered with a form.'));
    } catch {
      if (!response.headersSent) send(response, 400, sentence('Sign-in ended', ENDED));
    }
  };
}

/** The browser's session becomes the user's: what another user allowed in this browser is not theirs to use. */
async function changeUser(provider: Provider, interaction: Interaction, user: SignInUser): Promise<void> {
  const { session } = interaction;
  if (session === undefined || session.accountId === user.subject) return;
  const kept = await provider.Session.findByUid(session.uid);
  if (kept === undefined) return;
  kept.authorizations = {};
  kept.loginAccount({ accountId: user.subject });
  await kept.persist();
  session.accountId = user.subject;
  await interaction.persist();
}

/** An empty password is nobody's. */
function same(given: string, wanted: string): boolean {
  const digest = (text: string): Buffer => createHash('sha256').update(text).digest();
  return timingSafeEqual(digest(given), digest(wanted)) && wanted !== '';
}

async function bodyOf(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    if (bytes > BODY_MAX) throw new Error('the form is too large');
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString();
}

function send(response: ServerResponse, status: number, html: string): void {
  // The referrer stays on our own pages: with no-referrer the form would come with `Origin: null`.
  response
    .writeHead(status, {
      'Content-Type': 'text/html; charset=utf-8',
      'Referrer-Policy': 'same-origin',
      'Content-Security-Policy': PAGE_POLICY,
    })
    .end(html);
}
