/**
 * Certificate files: read when the listener opens, looked at again every second, and replaced in place without a
 * restart. What does not fit together (a half-written pair) keeps the old ones until it does.
 */
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import type { Server } from 'node:https';
import { createSecureContext, type SecureContextOptions } from 'node:tls';
import type { TlsSettings } from '../snapshot.ts';
import type { Log } from '@sallyport/guard';

/** @throws Error when a file cannot be read or the key does not belong to the certificate. */
export function readCertificates(settings: TlsSettings): SecureContextOptions {
  const options: SecureContextOptions = {
    cert: readFileSync(settings.cert),
    key: readFileSync(settings.key),
    ...(settings.clientCa === undefined ? {} : { ca: readFileSync(settings.clientCa) }),
    minVersion: 'TLSv1.2',
    maxVersion: 'TLSv1.3',
  };
  createSecureContext(options);
  return options;
}

/**
 * Polls instead of watching: mounted secrets are swapped by renaming a folder, of which a watched file hears nothing.
 *
 * @returns a function that stops it.
 */
export function followCertificates(
  server: Server,
  settings: TlsSettings,
  { pollMs, log }: { pollMs: number; log: Log },
): () => void {
  let current = fingerprint(settings);
  let complained = '';
  const look = (): void => {
    const seen = fingerprint(settings);
    if (seen === current) return;
    try {
      server.setSecureContext(readCertificates(settings));
      current = seen;
      complained = '';
      log('info', 'certificates reloaded', { cert: settings.cert });
    } catch (thrown) {
      if (complained !== seen)
        log('error', 'certificates changed but cannot be used; the old ones stay', {
          cert: settings.cert,
          cause: String(thrown),
        });
      complained = seen;
    }
  };
  const timer = setInterval(look, pollMs);
  timer.unref();
  return () => clearInterval(timer);
}

function fingerprint(settings: TlsSettings): string {
  const hash = createHash('sha256');
  for (const file of [settings.cert, settings.key, settings.clientCa]) {
    try {
      if (file !== undefined) hash.update(readFileSync(file));
    } catch {
      hash.update('unreadable');
    }
    hash.update('\0');
  }
  return hash.digest('hex');
}
