/** The HTML of the sign-in page and of short messages. Everything that a client registered is shown as text. */
import { createHash } from 'node:crypto';
import { isLoopback } from '@sallyport/guard';

/** What the sign-in page shows. */
export interface SignInPage {
  readonly client: string;
  /** `undefined` for a client that signs in by a device code. */
  readonly redirectUri: string | undefined;
  /** What is asked for; `undefined` when only the sign-in is. */
  readonly resource: string | undefined;
  readonly action: string;
  readonly token: string;
  /** The user name that was entered before. */
  readonly user: string;
  readonly problem: string | undefined;
}

const ESCAPES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};

/** Escapes markup, and replaces characters that reorder or hide text. */
export const escapeHtml = (text: string, length = 100): string =>
  text
    .replace(/[\u0000-\u001f\u007f-\u009f\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]/g, '\ufffd')
    .slice(0, length)
    .replace(/[&<>"']/g, (character) => ESCAPES[character] ?? character);

const STYLE = `
  :root {
    color-scheme: light dark;
    --line: light-dark(#8a919c, #6f7785);
    --soft: light-dark(#55606e, #a9b2bf);
    --bad: light-dark(#b3261e, #ff8a80);
    --act: light-dark(#1a56b0, #2f6fd0);
  }
  * { box-sizing: border-box; }
  body {
    display: grid;
    place-items: center;
    min-height: 100vh;
    margin: 0;
    padding: 1rem;
    font: 1rem/1.5 system-ui, sans-serif;
    background: light-dark(#f3f4f6, #14171c);
    color: light-dark(#1b1f26, #e8eaee);
  }
  main {
    width: 100%;
    max-width: 28rem;
    padding: 1.75rem;
    border: 1px solid light-dark(#d5d9e0, #333a45);
    border-radius: .75rem;
    background: light-dark(#fff, #1d2129);
  }
  h1 { font-size: 1.3rem; line-height: 1.3; margin: 0 0 1rem; }
  p { margin: 0 0 1rem; overflow-wrap: anywhere; }
  dl {
    margin: 0 0 1rem;
    padding: .7rem .9rem;
    border-radius: .4rem;
    background: light-dark(#f3f4f6, #14171c);
  }
  dt, .soft { color: var(--soft); font-size: .875rem; }
  dd { margin: 0; font-weight: 600; overflow-wrap: anywhere; }
  dd + dt { margin-top: .5rem; }
  .problem {
    padding: .5rem .75rem;
    border: 1px solid var(--bad);
    border-left-width: 4px;
    border-radius: .4rem;
    color: var(--bad);
    font-weight: 600;
  }
  label { display: block; margin: .9rem 0 .3rem; font-weight: 600; }
  input {
    width: 100%;
    padding: .6rem .7rem;
    font: inherit;
    color: inherit;
    background: transparent;
    border: 1px solid var(--line);
    border-radius: .4rem;
  }
  input[aria-invalid] { border-color: var(--bad); }
  .row { display: flex; flex-wrap: wrap; gap: .6rem; margin-top: 1.4rem; }
  button {
    flex: 1 1 7rem;
    padding: .65rem;
    font: inherit;
    font-weight: 600;
    color: inherit;
    background: transparent;
    border: 1px solid var(--line);
    border-radius: .4rem;
    cursor: pointer;
  }
  button[value=allow] { flex-grow: 2; background: var(--act); border-color: var(--act); color: #fff; }
  :focus-visible { outline: 3px solid light-dark(#6ea0ec, #8ab4f8); outline-offset: 2px; }
`;

/**
 * Allows no script and only this style. It has no form-action, which Chromium applies to the redirect to the client.
 */
export const PAGE_POLICY =
  `default-src 'none'; style-src 'sha256-${createHash('sha256').update(STYLE).digest('base64')}'; ` +
  `frame-ancestors 'none'; base-uri 'none'`;

const layout = (title: string, body: string): string => `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${title} · Sallyport</title>
<style>${STYLE}</style>
</head>
<body>
<main>
${body}
</main>
</body>
</html>
`;

/** A page with one message. @param text a constant of this program. */
export const sentence = (title: string, text: string): string =>
  layout(title, `<h1>${title}</h1>\n<p>${escapeHtml(text, 300)}</p>`);

const REFUSALS: Readonly<Record<string, string>> = {
  invalid_client: 'This client is not registered here. Remove the server in your client and add it again.',
  invalid_redirect_uri: 'The client asks to be answered at an address that it has not registered.',
};

/** The page for a request without a known client, which cannot be redirected. @param code an error code of RFC 6749. */
export const refused = (code: string): string =>
  sentence('Request refused', `${REFUSALS[code] ?? 'Start again from your client.'} (${code})`);

/** The redirect URI in words: an address with a port says little, and an app's own scheme has no host. */
function destination(redirectUri: string | undefined): string {
  if (redirectUri === undefined) return 'your terminal';
  const { protocol, hostname, host } = new URL(redirectUri);
  if (protocol !== 'http:' && protocol !== 'https:') return `the app that opens ${protocol} links`;
  return isLoopback(hostname) ? `a program on this computer (${host})` : host;
}

const NOTE = '<p class="soft">The name is what the client calls itself.</p>\n';

/** A page of the device flow. @param form the library's own form, which it escapes. */
export function devicePage({
  form,
  formId,
  problem,
  text,
}: {
  readonly form: string;
  readonly formId: string;
  readonly problem: string | undefined;
  readonly text: string;
}): string {
  return layout(
    'Sign in a terminal',
    `<h1>Sign in a terminal?</h1>
<p>${escapeHtml(text, 300)}</p>
${problem === undefined ? '' : `<p class="problem" role="alert">${escapeHtml(problem)}</p>`}
${form}
<div class="row">
<button type="submit" form="${formId}" value="allow">Continue</button>
<button type="submit" form="${formId}" name="abort" value="yes">Cancel</button>
</div>`,
  );
}

/** The sign-in page. */
export function page({ client, redirectUri, resource, action, token, user, problem }: SignInPage): string {
  const bad = problem === undefined ? '' : ' aria-invalid="true" aria-describedby="problem"';
  const focus = (here: boolean): string => (here ? ' autofocus' : '');
  const asks =
    resource === undefined
      ? `<h1>Sign in</h1>
<p>to <strong>${escapeHtml(client)}</strong></p>
<dl>`
      : `<h1>Sign in and allow access?</h1>
<p><strong>${escapeHtml(client)}</strong> asks to use tools in your name.</p>
<dl>
<dt>Access to</dt><dd>${escapeHtml(resource)}</dd>`;
  return layout(
    'Sign in',
    `${asks}
<dt>Then you go back to</dt><dd>${escapeHtml(destination(redirectUri))}</dd>
</dl>
${resource === undefined ? '' : NOTE}<p class="soft">Cancel if you did not start this.</p>
${problem === undefined ? '' : `<p class="problem" id="problem" role="alert">${escapeHtml(problem)}</p>`}
<form method="post" action="${escapeHtml(action)}">
<input type="hidden" name="token" value="${escapeHtml(token)}">
<label for="user">User name</label>
<input id="user" name="user" value="${escapeHtml(user)}" required${focus(user === '')}
 autocomplete="username" autocapitalize="none" spellcheck="false"${bad}>
<label for="password">Password</label>
<input id="password" name="password" type="password" required${focus(user !== '')}
 autocomplete="current-password"${bad}>
<div class="row">
<button name="answer" value="allow">${resource === undefined ? 'Sign in' : 'Sign in and allow'}</button>
<button name="answer" value="cancel" formnovalidate>Cancel</button>
</div>
</form>`,
  );
}
