/** The sign-in page. Everything that a client said of itself is shown as text. */
export interface SignInPage {
  readonly client: string;
  readonly redirectHost: string;
  readonly action: string;
  readonly token: string;
  readonly problem: string | undefined;
}

const ESCAPES: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&#39;' };

/** Markup, and characters that reorder or hide text, become harmless. */
export const escapeHtml = (text: string): string => text
  .replace(/[\u0000-\u001f\u007f-\u009f\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]/g, '\ufffd')
  .slice(0, 100).replace(/[&<>"']/g, (character) => ESCAPES[character] ?? character);

export function page({ client, redirectHost, action, token, problem }: SignInPage): string {
  return `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Sign in · Sallyport</title>
<style>
  :root { color-scheme: light dark; font-family: system-ui, sans-serif; }
  body { display: grid; place-items: center; min-height: 100vh; margin: 0; background: Canvas; color: CanvasText; }
  main { width: min(24rem, 90vw); }
  h1 { font-size: 1.25rem; margin: 0 0 1rem; }
  p { line-height: 1.45; }
  label { display: block; margin-top: .9rem; font-size: .9rem; }
  input { width: 100%; box-sizing: border-box; padding: .55rem .65rem; margin-top: .25rem; font: inherit; border: 1px solid GrayText; border-radius: .4rem; }
  .problem { border-left: 3px solid #c0392b; padding: .2rem .7rem; }
  .row { display: flex; gap: .6rem; margin-top: 1.3rem; }
  button { flex: 1; padding: .6rem; font: inherit; border-radius: .4rem; border: 1px solid GrayText; cursor: pointer; }
  button[value=allow] { background: #1f5fbf; border-color: #1f5fbf; color: #fff; }
</style>
<main>
  <h1>Sign in to Sallyport</h1>
  <p><strong>${escapeHtml(client)}</strong> wants to call tools as you. After you agree you are sent to <strong>${escapeHtml(redirectHost)}</strong>.</p>
  ${problem === undefined ? '' : `<p class="problem" role="alert">${escapeHtml(problem)}</p>`}
  <form method="post" action="${escapeHtml(action)}" autocomplete="off">
    <input type="hidden" name="token" value="${escapeHtml(token)}">
    <label>User <input name="user" required autofocus autocapitalize="none" spellcheck="false"></label>
    <label>Password <input name="password" type="password" required></label>
    <div class="row"><button name="answer" value="cancel" formnovalidate>Cancel</button><button name="answer" value="allow">Sign in and allow</button></div>
  </form>
</main>
</html>
`;
}
