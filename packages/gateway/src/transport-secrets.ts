/** The credentials in the settings of a server: they must appear in no text. */
import type { ServerTransport } from './snapshot.ts';

/** Every value that a transport was given as a credential, or that may be one. */
export function secretsOfTransport(transport: ServerTransport): readonly string[] {
  if (transport.kind === 'stdio') return Object.values(transport.env);
  if (transport.kind === 'http') return Object.values(transport.headers);
  const credentials = Object.values(transport.credentials);
  const values = credentials.map((credential) => (typeof credential === 'string' ? credential : credential.password));
  return [...Object.values(transport.headers), ...values];
}
