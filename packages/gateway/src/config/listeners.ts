/**
 * The keys `gateway` and `admin` of the configuration: where the process listens, and under which names it is reached.
 */
import { createPrivateKey, X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { isLoopback } from '@sallyport/guard';
import { listenerOrigin, originOf } from '@sallyport/server/listen/listener-origin';
import type { AdminSettings, GatewaySettings, ListenSettings, TlsSettings } from '../snapshot.ts';
import type { ParsedTls } from './schema.ts';
import type { ConfigInput } from './input.ts';

/** The address and TLS files of a listener; errors and weakenings go to the report. */
export function buildListen(input: ConfigInput, name: 'gateway' | 'admin'): ListenSettings {
  const { listen, tls, behindTlsProxy } = input.config[name];
  const outside = !isLoopback(listen.host);
  if (outside && tls === undefined && !behindTlsProxy) {
    input.report.error(
      [name, 'listen'],
      `is outside loopback, where plain HTTP is refused: set ${name}.tls, ` +
        `or ${name}.behindTlsProxy when a proxy ends TLS`,
    );
  }
  if (behindTlsProxy && tls === undefined && outside)
    input.report.weaken(`${name}: plain HTTP is served outside loopback (behindTlsProxy: true)`);
  if (name === 'admin' && outside && tls?.clientCa === undefined) {
    input.report.weaken(
      'admin: health, metrics and checkpoints can be read from outside loopback without a client certificate',
    );
  }
  return {
    host: listen.host,
    port: listen.port,
    tls: tls === undefined ? undefined : buildTls(input, name, tls),
    behindTlsProxy,
  };
}

function buildTls(input: ConfigInput, name: string, tls: ParsedTls): TlsSettings {
  const path = [name, 'tls'];
  const parseCertificate = (pem: Buffer): X509Certificate => new X509Certificate(pem);
  const cert = readPem(input, [...path, 'cert'], tls.cert, 'a PEM certificate', parseCertificate);
  const key = readPem(input, [...path, 'key'], tls.key, 'a PEM private key without a passphrase', createPrivateKey);
  if (cert !== undefined && key !== undefined && !cert.checkPrivateKey(key))
    input.report.error([...path, 'key'], `the key ${tls.key} does not belong to the certificate ${tls.cert}`);
  if (tls.clientCa !== undefined)
    readPem(input, [...path, 'clientCa'], tls.clientCa, 'a PEM certificate', parseCertificate);
  return {
    cert: resolve(input.folder, tls.cert),
    key: resolve(input.folder, tls.key),
    clientCa: tls.clientCa === undefined ? undefined : resolve(input.folder, tls.clientCa),
  };
}

/** Reads a file only to check it: the listener reads it again, also when it changes. */
function readPem<T>(
  { report, folder }: ConfigInput,
  path: readonly string[],
  file: string,
  content: string,
  parse: (pem: Buffer) => T,
): T | undefined {
  let pem: Buffer | undefined;
  try {
    pem = readFileSync(resolve(folder, file));
    return parse(pem);
  } catch {
    const problem = pem === undefined ? 'cannot be read' : `does not hold ${content}`;
    report.error(path, `the file ${file} ${problem}`);
    return undefined;
  }
}

/** The settings of the gateway listener; errors and weakenings go to the report. */
export function buildGateway(input: ConfigInput): GatewaySettings {
  const { gateway } = input.config;
  const listen = buildListen(input, 'gateway');
  if (gateway.maxTenantBytes < gateway.maxBody)
    input.report.error(['gateway', 'maxTenantBytes'], 'must not be smaller than gateway.maxBody');
  return {
    listen,
    publicUrl: gatewayUrl(input, listen),
    allowedHosts: gateway.allowedHosts.map((host, index) => exactHost(input, host, index)),
    allowedOrigins: gateway.allowedOrigins.map((origin, index) => exactOrigin(input, origin, index)),
    bodyBytesMax: gateway.maxBody,
    strangerBytesMax: gateway.maxStrangerBytes,
    tenantBytesMax: gateway.maxTenantBytes,
    depthMax: gateway.maxDepth,
    keysMax: gateway.maxKeys,
    streamsPerPrincipalMax: gateway.maxStreams,
    callsMax: gateway.maxCalls,
    requestTimeoutMs: gateway.requestTimeout,
    sessionLifetimeMs: gateway.sessionLifetime,
    addressLimitPerMinute: gateway.addressLimit,
  };
}

/** The settings of the admin listener; errors and weakenings go to the report. */
export function buildAdmin(input: ConfigInput): AdminSettings {
  const listen = buildListen(input, 'admin');
  if (!isLoopback(listen.host) && input.config.control.signIn.length > 0 && input.config.admin.publicUrl === undefined)
    input.report.error(
      ['admin', 'listen'],
      'is outside loopback, so admin.publicUrl must say under which URL people reach it',
    );
  return { listen, publicUrl: publicUrl(input, 'admin') ?? new URL(listenerOrigin(listen)).origin };
}

function gatewayUrl(input: ConfigInput, listen: ListenSettings): string {
  const configured = publicUrl(input, 'gateway');
  if (configured === undefined && !isLoopback(listen.host))
    input.report.error(
      ['gateway', 'listen'],
      'is outside loopback, so gateway.publicUrl must say under which URL clients reach it',
    );
  return configured ?? new URL(originOf(listen)).origin;
}

function publicUrl(input: ConfigInput, name: 'gateway' | 'admin'): string | undefined {
  const configured = input.config[name].publicUrl;
  const path = [name, 'publicUrl'];
  if (configured === undefined) return undefined;
  const url = URL.canParse(configured) ? new URL(configured) : undefined;
  if (
    url === undefined ||
    !/^https?:$/.test(url.protocol) ||
    url.origin !== configured.replace(/\/$/, '').toLowerCase()
  ) {
    input.report.error(path, 'must be an origin such as https://mcp.example.com: scheme, host and port only');
    return 'http://127.0.0.1';
  }
  if (url.protocol === 'http:' && !isLoopback(url.hostname))
    input.report.error(path, 'must be https outside loopback: tokens travel to it');
  return url.origin;
}

function exactHost(input: ConfigInput, host: string, index: number): string {
  const valid =
    URL.canParse(`http://${host}/`) && new URL(`http://${host}/`).pathname === '/' && !/[/@?#*\s]/.test(host);
  if (!valid)
    input.report.error(['gateway', 'allowedHosts', index], 'must be an exact host or host:port; there are no patterns');
  return host.toLowerCase();
}

function exactOrigin(input: ConfigInput, origin: string, index: number): string {
  if (!URL.canParse(origin) || new URL(origin).origin !== origin) {
    input.report.error(
      ['gateway', 'allowedOrigins', index],
      'must be an exact origin such as https://app.example.com; there are no patterns',
    );
  }
  return origin;
}
