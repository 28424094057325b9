/**
 * Certificate files: read when the listener opens, and reloaded without a restart when they change. While a new
 * certificate and its key do not belong together (one file is written before the other), the old ones stay.
 */
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import type { Server } from 'node:https';
import { createSecureContext, type SecureContextOptions } from 'node:tls';
import type { Log } from '@sallyport/guard';
import type { TlsSettings } from './settings.ts';

/** @throws Error when a file cannot be read, or when the key does not belong to the certificate. */
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
 * Polls instead of watching: mounted secrets are replaced by renaming their folder, which a file watch does not notice.
 *
 * @returns a function that stops it.
 */
export function reloadCertificatesOnChange(
  server: Server,
  settings: TlsSettings,
  pollMs: number,
  log: Log,
): () => void {
  let loaded = fingerprint(settings);
  let failed = '';
  const reload = (): void => {
    const current = fingerprint(settings);
    if (current === loaded) return;
    try {
      server.setSecureContext(readCertificates(settings));
      loaded = current;
      failed = '';
      log('info', 'certificates reloaded', { cert: settings.cert });
    } catch (thrown) {
      // Logged once for each change of the files.
      if (failed !== current)
        log('error', 'certificates changed but cannot be used; the old ones stay', {
          cert: settings.cert,
          cause: String(thrown),
        });
      failed = current;
    }
  };
  const timer = setInterval(reload, pollMs);
  timer.unref();
  return () => clearInterval(timer);
}

/** A hash of all files; one that cannot be read counts as changed. */
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
