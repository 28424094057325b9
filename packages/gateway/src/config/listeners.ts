/** `gateway:` and `admin:` → where the process listens, and under which names it may be reached. */
import { createPrivateKey, X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { isLoopback } from '@sallyport/guard';
import type { GatewaySettings, ListenSettings, TlsSettings } from '../snapshot.ts';
import type { Written, WrittenTls } from './schema.ts';
import type { Site } from './servers.ts';

export function buildListen(site: Site, name: 'gateway' | 'admin'): ListenSettings {
  const { listen, tls, behindTlsProxy } = site.written[name];
  const outside = !isLoopback(listen.host);
  if (outside && tls === undefined && !behindTlsProxy) {
    site.report.error(
      [name, 'listen'],
      `is outside loopback, where plain HTTP is refused: set ${name}.tls, or ${name}.behindTlsProxy when a proxy ends TLS`,
    );
  }
  if (behindTlsProxy && tls === undefined && outside)
    site.report.weaken(`${name}: plain HTTP is served outside loopback (behindTlsProxy: true)`);
  if (name === 'admin' && outside && tls?.clientCa === undefined) {
    site.report.weaken(
      'admin: health, metrics and checkpoints can be read from outside loopback without a client certificate',
    );
  }
  return {
    host: listen.host,
    port: listen.port,
    tls: tls === undefined ? undefined : buildTls(site, name, tls),
    behindTlsProxy,
  };
}

function buildTls(site: Site, name: string, tls: WrittenTls): TlsSettings {
  const read = <T>(
    key: 'cert' | 'key' | 'clientCa',
    path: string,
    { what, parse }: { readonly what: string; readonly parse: (pem: Buffer) => T },
  ): T | undefined => {
    let pem: Buffer | undefined;
    try {
      pem = readFileSync(resolve(site.folder, path));
      return parse(pem);
    } catch {
      site.report.error(
        [name, 'tls', key],
        pem === undefined ? `the file ${path} cannot be read` : `the file ${path} does not hold ${what}`,
      );
      return undefined;
    }
  };
  const certificate = { what: 'a PEM certificate', parse: (pem: Buffer) => new X509Certificate(pem) };
  const cert = read('cert', tls.cert, certificate);
  const key = read('key', tls.key, { what: 'a PEM private key without a passphrase', parse: createPrivateKey });
  if (cert !== undefined && key !== undefined && !cert.checkPrivateKey(key))
    site.report.error([name, 'tls', 'key'], `the key ${tls.key} does not belong to the certificate ${tls.cert}`);
  if (tls.clientCa !== undefined) read('clientCa', tls.clientCa, certificate);
  const full = (path: string): string => resolve(site.folder, path);
  return {
    cert: full(tls.cert),
    key: full(tls.key),
    clientCa: tls.clientCa === undefined ? undefined : full(tls.clientCa),
  };
}

export function buildGateway(site: Site): GatewaySettings {
  const { gateway } = site.written;
  const listen = buildListen(site, 'gateway');
  return {
    listen,
    publicUrl: publicUrl(site, listen),
    allowedHosts: gateway.allowedHosts.map((host, index) => exactHost(site, host, index)),
    allowedOrigins: gateway.allowedOrigins.map((origin, index) => exactOrigin(site, origin, index)),
    bodyBytesMax: gateway.maxBody,
    depthMax: gateway.maxDepth,
    keysMax: gateway.maxKeys,
    streamsPerPrincipalMax: gateway.maxStreams,
    requestTimeoutMs: gateway.requestTimeout,
    sessionLifetimeMs: gateway.sessionLifetime,
    addressLimitPerMinute: gateway.addressLimit,
  };
}

function publicUrl(site: Site, listen: ListenSettings): string {
  const written: Written['gateway']['publicUrl'] = site.written.gateway.publicUrl;
  const path = ['gateway', 'publicUrl'];
  if (written === undefined) {
    if (!isLoopback(listen.host))
      site.report.error(
        ['gateway', 'listen'],
        'is outside loopback, so gateway.publicUrl must say under which URL clients reach it',
      );
    const host = listen.host.includes(':') ? `[${listen.host}]` : listen.host;
    return new URL(`${listen.tls === undefined ? 'http' : 'https'}://${host}:${listen.port}`).origin;
  }
  const url = URL.canParse(written) ? new URL(written) : undefined;
  if (url === undefined || !/^https?:$/.test(url.protocol) || url.origin !== written.replace(/\/$/, '').toLowerCase()) {
    site.report.error(path, 'must be an origin such as https://mcp.example.com: scheme, host and port only');
    return 'http://127.0.0.1';
  }
  if (url.protocol === 'http:' && !isLoopback(url.hostname))
    site.report.error(path, 'must be https outside loopback: tokens travel to it');
  return url.origin;
}

function exactHost(site: Site, host: string, index: number): string {
  const valid =
    URL.canParse(`http://${host}/`) && new URL(`http://${host}/`).pathname === '/' && !/[/@?#*\s]/.test(host);
  if (!valid)
    site.report.error(['gateway', 'allowedHosts', index], 'must be an exact host or host:port; there are no patterns');
  return host.toLowerCase();
}

function exactOrigin(site: Site, origin: string, index: number): string {
  if (!URL.canParse(origin) || new URL(origin).origin !== origin) {
    site.report.error(
      ['gateway', 'allowedOrigins', index],
      'must be an exact origin such as https://app.example.com; there are no patterns',
    );
  }
  return origin;
}
