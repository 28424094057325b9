/** Reports definitions that are not served because of their name or shape: each once, and only so many of one list. */
import type { DefinitionKind, Log } from '@sallyport/guard';
import type { UpstreamEvent } from '../deps.ts';
import { definitionKey } from './definition-key.ts';

/** A definition that is not served, and why. */
export interface Withheld {
  readonly name: string;
  readonly reason: string;
}

/** Reports the withheld definitions of one list. */
export type ReportWithheld = (server: string, kind: DefinitionKind, withheld: readonly Withheld[]) => void;

const REMEMBERED_MAX = 10_000;
/** A server that makes up names must not fill the log with them. */
const OF_ONE_LIST_MAX = 20;

/** Remembers what was reported: 10,000 definitions at most. */
export function createWithheldReports(log: Log, report: (event: UpstreamEvent) => void): ReportWithheld {
  const reported = new Set<string>();
  const reportOnce = (server: string, kind: DefinitionKind, { name, reason }: Withheld): void => {
    const key = `${definitionKey(server, kind, name)} ${reason}`;
    if (reported.has(key)) return;
    if (reported.size >= REMEMBERED_MAX) reported.clear();
    reported.add(key);
    const printableName = name.replace(/[^\x20-\x7e]/g, '?').slice(0, 128);
    log('warn', 'a definition is withheld', { server, kind, name: printableName, reason });
    report({ kind: 'withheld', server, definition: kind, name: printableName, reason });
  };
  return (server, kind, withheld) => {
    for (const definition of withheld.slice(0, OF_ONE_LIST_MAX)) reportOnce(server, kind, definition);
    if (withheld.length > OF_ONE_LIST_MAX) reportOnce(server, kind, { name: '', reason: 'and more' });
  };
}
