/** A self-signed certificate, made by openssl. */
import { execFileSync } from 'node:child_process';

/** Writes a P-256 key and its certificate for two days into a folder. @param extra further options of `openssl req`. */
export function makeCertificate(
  folder: string,
  commonName: string,
  keyFile: string,
  certificateFile: string,
  ...extra: string[]
): void {
  const key = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-keyout', keyFile];
  const certificate = ['-days', '2', '-subj', `/CN=${commonName}`, ...extra, '-out', certificateFile];
  execFileSync('openssl', ['req', '-x509', ...key, ...certificate], { cwd: folder, stdio: 'ignore' });
}
