/** Short pages of the sign-in. Everything in them is a constant of this program or a configured name. */
import { createHash } from 'node:crypto';
import type { EndpointResponse } from '../endpoint.ts';

const STYLE =
  ':root{color-scheme:light dark}body{display:grid;place-items:center;min-height:100vh;margin:0;padding:1rem;' +
  'font:1rem/1.5 system-ui,sans-serif}main{max-width:28rem}h1{font-size:1.3rem}a{overflow-wrap:anywhere}';

const POLICY =
  `default-src 'none'; style-src 'sha256-${createHash('sha256').update(STYLE).digest('base64')}'; ` +
  `frame-ancestors 'none'; base-uri 'none'; form-action 'none'`;

const ESCAPES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};
const escape = (text: string): string => text.replace(/[&<>"']/g, (character) => ESCAPES[character] ?? character);

/** A link of a page. */
export interface PageLink {
  readonly href: string;
  readonly text: string;
}

/** One page with a sentence and links. */
export function page(status: number, title: string, text: string, links: readonly PageLink[]): EndpointResponse {
  const items = links
    .map(({ href, text: label }) => `<p><a href="${escape(href)}">${escape(label)}</a></p>`)
    .join('\n');
  const body = `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${escape(title)} · Sallyport</title>
<style>${STYLE}</style>
</head>
<body>
<main>
<h1>${escape(title)}</h1>
<p>${escape(text)}</p>
${items}
</main>
</body>
</html>
`;
  return { status, type: 'text/html; charset=utf-8', body, headers: { 'Content-Security-Policy': POLICY } };
}
