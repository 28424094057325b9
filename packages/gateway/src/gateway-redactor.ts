/** How the records of this gateway show arguments: for the guard that writes them, and for who compares with them. */
import { createRedactor, type Redactor } from '@sallyport/guard/audit';
import type { Resources } from './resources.ts';

/** The keys are those of the audit log; what is in clear is read from the settings for every record. */
export const redactorOf = ({ audit, settings }: Pick<Resources, 'audit' | 'settings'>): Redactor =>
  createRedactor({
    keyOf: (tenant) => audit.keys.hashingKey(tenant),
    clear: () => settings.current().snapshot.audit.clearArguments,
  });
