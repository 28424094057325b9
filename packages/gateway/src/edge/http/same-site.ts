/** H1, A20: the Host that was asked for is ours, and a browser's Origin is one that the operator listed. */
import type { IncomingMessage } from 'node:http';
import { GuardError } from '@sallyport/guard';
import { headerValues } from '../../listen/header-values.ts';
import type { GatewaySettings } from '../../snapshot.ts';

const LOOPBACK = /^(localhost|127\.0\.0\.1|\[::1\])$/i;

/** @throws GuardError `forbidden_origin`. */
export function checkSameSite(request: IncomingMessage, settings: GatewaySettings): void {
  const hosts = headerValues(request, 'host');
  const [host = ''] = hosts;
  if (hosts.length !== 1 || !isOurs(host, settings, request.socket.localPort)) throw new GuardError('forbidden_origin');
  const origins = headerValues(request, 'origin');
  if (origins.length > 1) throw new GuardError('forbidden_origin');
  const [origin] = origins;
  if (origin !== undefined && !originAllowed(origin, settings, request.socket.localPort))
    throw new GuardError('forbidden_origin');
}

const hosts = new WeakMap<GatewaySettings, string>();

/** Parsed once, because it is the same for every request until the configuration changes. */
function hostOf(settings: GatewaySettings): string {
  let host = hosts.get(settings);
  if (host === undefined) hosts.set(settings, (host = new URL(settings.publicUrl).host));
  return host;
}

function isOurs(host: string, settings: GatewaySettings, port: number | undefined): boolean {
  const lower = host.toLowerCase();
  if (lower === hostOf(settings) || settings.allowedHosts.includes(lower)) return true;
  const match = /^(.*?)(?::(\d{1,5}))?$/.exec(lower);
  return (
    LOOPBACK.test(match?.[1] ?? '') &&
    (match?.[2] === undefined ? port === 80 || port === 443 : Number(match[2]) === port)
  );
}

export function originAllowed(origin: string, settings: GatewaySettings, port: number | undefined): boolean {
  if (settings.allowedOrigins.includes(origin) || origin === settings.publicUrl) return true;
  const match = /^https?:\/\/(localhost|127\.0\.0\.1|\[::1\]):(\d{1,5})$/.exec(origin);
  return match !== null && Number(match[2]) === port;
}
