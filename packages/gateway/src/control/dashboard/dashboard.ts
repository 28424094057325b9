/**
 * The pages of the admin listener: files from memory, at exact paths. They hold no data; everything they show is read
 * from `/api/v1`, which asks who it is.
 */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { headerValues } from '@sallyport/server/listen/header-values';
import { isPageAddress, mayHavePageNotFound } from './addresses.ts';
import type { DashboardFile, DashboardFiles } from './files.ts';

/**
 * Scripts and styles of this origin only, nothing inline, no other host, no frame, and no text that becomes markup: the
 * sinks of the DOM that would take a string are closed, too.
 */
export const DASHBOARD_CSP = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "connect-src 'self'",
  "img-src 'self' data:",
  "form-action 'self'",
  "frame-ancestors 'none'",
  "base-uri 'none'",
  "require-trusted-types-for 'script'",
  "trusted-types 'none'",
].join('; ');

/** Besides, or in place of, the headers of every response. */
const PAGE_HEADERS: Readonly<Record<string, string>> = {
  'Content-Security-Policy': DASHBOARD_CSP,
  'Cross-Origin-Opener-Policy': 'same-origin',
  'Cross-Origin-Resource-Policy': 'same-origin',
  'Permissions-Policy':
    'camera=(), geolocation=(), microphone=(), payment=(), usb=(), publickey-credentials-get=(self)',
};

/** A year; the names of these files change with their content. */
const IMMUTABLE = 'public, max-age=31536000, immutable';
const REVALIDATE = 'no-cache';

/** Answers what belongs to the dashboard. @returns false for everything else, which it does not touch. */
export type DashboardHandler = (request: IncomingMessage, response: ServerResponse) => boolean;

/**
 * Serves the built dashboard; without one, nothing. The router has judged Host and Origin, and has set the headers of
 * every response; those of a page are set here.
 */
export function createDashboard(files: DashboardFiles): DashboardHandler {
  const page = files.get('/index.html');
  return (request, response) => {
    if (page === undefined || (request.method !== 'GET' && request.method !== 'HEAD')) return false;
    const [path = ''] = (request.url ?? '').split('?', 1);
    const found = fileAt(files, page, path);
    if (found !== undefined) send(request, response, found, 200);
    else if (mayHavePageNotFound(path) && wantsPage(request)) send(request, response, page, 404);
    else return false;
    return true;
  };
}

function fileAt(files: DashboardFiles, page: DashboardFile, path: string): DashboardFile | undefined {
  if (isPageAddress(path)) return page;
  return path === '/index.html' ? undefined : files.get(path);
}

/** A person who follows a link, not a program that asks for a resource. */
const wantsPage = (request: IncomingMessage): boolean =>
  headerValues(request, 'accept').some((value) => value.includes('text/html'));

function send(request: IncomingMessage, response: ServerResponse, file: DashboardFile, status: 200 | 404): void {
  const [encoding, body] = encodingFor(request, file);
  const etag = `"${file.etag}${encoding === undefined ? '' : `-${encoding}`}"`;
  const headers = {
    ...PAGE_HEADERS,
    'Cache-Control': file.immutable ? IMMUTABLE : REVALIDATE,
    Vary: 'Accept-Encoding',
    ETag: etag,
  };
  const known = headerValues(request, 'if-none-match').join(',').split(',');
  if (status === 200 && known.some((tag) => tag.trim().replace(/^W\//, '') === etag)) {
    response.writeHead(304, headers).end();
    return;
  }
  response.writeHead(status, {
    ...headers,
    'Content-Type': file.type,
    'Content-Length': body.length,
    ...(encoding !== undefined && { 'Content-Encoding': encoding }),
  });
  // Node.js leaves the body out for HEAD.
  response.end(body);
}

/** The smallest form that the client accepts. A weight of 0 is a no. */
function encodingFor(
  request: IncomingMessage,
  file: DashboardFile,
): readonly [encoding: 'br' | 'gzip' | undefined, body: Buffer] {
  const accepted = headerValues(request, 'accept-encoding')
    .join(',')
    .split(',')
    .filter((entry) => !/;\s*q=0(?:\.0*)?\s*$/.test(entry))
    .map((entry) => entry.split(';', 1)[0]?.trim().toLowerCase());
  if (file.br !== undefined && accepted.includes('br')) return ['br', file.br];
  if (file.gzip !== undefined && accepted.includes('gzip')) return ['gzip', file.gzip];
  return [undefined, file.plain];
}
