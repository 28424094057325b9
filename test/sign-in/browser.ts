/** What a browser does in a sign-in and no more: keeps cookies by path, follows redirects, fills in a form. */
interface Cookie {
  readonly value: string;
  readonly path: string;
  /** As it was set. */
  readonly line: string;
}

export interface Page {
  readonly url: string;
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
}

export interface Form {
  readonly action: string;
  readonly fields: URLSearchParams;
}

const UNESCAPED: Readonly<Record<string, string>> = {
  '&amp;': '&',
  '&lt;': '<',
  '&gt;': '>',
  '&quot;': '"',
  '&#39;': "'",
};
export const unescapeHtml = (text: string): string =>
  text.replace(/&(?:amp|lt|gt|quot|#39);/g, (entity) => UNESCAPED[entity] ?? entity);

export class Browser {
  readonly cookies = new Map<string, Cookie>();

  /** One request; a redirect is returned, not followed. */
  async visit(url: string, init: RequestInit = {}): Promise<Page> {
    const { pathname } = new URL(url);
    const sent = [...this.cookies].filter(
      ([, { path }]) => pathname === path || pathname.startsWith(path.endsWith('/') ? path : `${path}/`),
    );
    const headers = new Headers(init.headers);
    headers.set('accept', 'text/html');
    if (sent.length > 0) headers.set('cookie', sent.map(([key, { value }]) => `${nameOf(key)}=${value}`).join('; '));
    const response = await fetch(url, { ...init, headers, redirect: 'manual' });
    for (const line of response.headers.getSetCookie()) this.#keep(line);
    return { url, status: response.status, headers: response.headers, text: await response.text() };
  }

  /** Follows redirects for as long as they stay on the origin that they began on. */
  async follow(page: Page): Promise<Page> {
    let at = page;
    while (at.status >= 300 && at.status < 400) {
      const next = locationOf(at);
      if (new URL(next).origin !== new URL(page.url).origin) return at;
      at = await this.visit(next);
    }
    return at;
  }

  async open(url: string): Promise<Page> {
    return this.follow(await this.visit(url));
  }

  /** The value of a cookie for every path. */
  cookie(name: string): string | undefined {
    return this.cookies.get(`${name} /`)?.value;
  }

  /** Sends the page's form, and follows. */
  async submit(page: Page, fields: Record<string, string>, headers: Record<string, string> = {}): Promise<Page> {
    const form = formOf(page);
    for (const [name, value] of Object.entries(fields)) form.fields.set(name, value);
    return this.follow(
      await this.visit(form.action, {
        method: 'POST',
        body: form.fields,
        headers: { origin: new URL(page.url).origin, ...headers },
      }),
    );
  }

  #keep(line: string): void {
    const [pair = '', ...attributes] = line.split('; ');
    const at = pair.indexOf('=');
    const path = attributes.find((one) => /^path=/i.test(one))?.slice(5) ?? '/';
    const key = `${pair.slice(0, at)} ${path}`;
    if (/expires=Thu, 01 Jan 1970|max-age=0/i.test(line)) this.cookies.delete(key);
    else this.cookies.set(key, { value: pair.slice(at + 1), path, line });
  }
}

const nameOf = (key: string): string => key.split(' ', 1)[0] ?? '';

export const locationOf = (page: Page): string => new URL(page.headers.get('location') ?? '', page.url).href;

/** @throws Error when there is no form on the page. */
export function formOf(page: Page): Form {
  const action = /<form [^>]*action="([^"]*)"/.exec(page.text)?.[1];
  if (action === undefined) throw new Error(`no form at ${page.url}: ${page.status} ${page.text}`);
  const hidden = [...page.text.matchAll(/<input type="hidden" name="([^"]*)" value="([^"]*)"/g)];
  return {
    action: new URL(unescapeHtml(action), page.url).href,
    fields: new URLSearchParams(hidden.map(([, name = '', value = '']) => [name, unescapeHtml(value)])),
  };
}
