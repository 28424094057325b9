/**
 * Reports definitions that are not served because of their name or shape: each once, and only so many of one list; and
 * notes them in the store, where `sallyport check` and `sallyport tools` find them.
 */
import type { DefinitionKind, Log, PinChange, PinStore } from '@sallyport/guard';
import type { UpstreamEvent } from '../deps.ts';
import { definitionKey } from './definition-key.ts';

/** A definition that is not served, and why. */
export interface Withheld {
  readonly name: string;
  readonly reason: string;
}

/**
 * Reports the withheld definitions of one list of the gateway's own session.
 *
 * @returns what has to be stored; `undefined` when the store has it already.
 */
export type ReportWithheld = (
  server: string,
  kind: DefinitionKind,
  withheld: readonly Withheld[],
) => Promise<PinChange | undefined>;

const REMEMBERED_MAX = 10_000;
/** A server that makes up names must not fill the log or the store with them. */
const OF_ONE_LIST_MAX = 20;

/** Remembers what was reported: 10,000 definitions at most. */
export function createWithheldReports(
  log: Log,
  report: (event: UpstreamEvent) => void,
  store: PinStore,
): ReportWithheld {
  const reported = new Set<string>();
  const reportOnce = (server: string, kind: DefinitionKind, { name, reason }: Withheld): void => {
    const key = `${definitionKey(server, kind, name)} ${reason}`;
    if (reported.has(key)) return;
    if (reported.size >= REMEMBERED_MAX) reported.clear();
    reported.add(key);
    log('warn', 'a definition is withheld', { server, kind, name, reason });
    report({ kind: 'withheld', server, definition: kind, name, reason });
  };
  const noteOnce = createNotes(store);
  return (server, kind, withheld) => {
    const shown = withheld.slice(0, OF_ONE_LIST_MAX).map(({ name, reason }) => ({ name: printable(name), reason }));
    if (withheld.length > OF_ONE_LIST_MAX) shown.push({ name: '', reason: 'and more' });
    for (const definition of shown) reportOnce(server, kind, definition);
    return noteOnce(server, kind, shown);
  };
}

const printable = (name: string): string => name.replace(/[^\x20-\x7e]/g, '?').slice(0, 128);

/** What the store has to be told. */
function createNotes(store: PinStore): ReportWithheld {
  let noted: Promise<Map<string, string>> | undefined;
  return async (server, kind, withheld) => {
    const list = JSON.stringify([server, kind]);
    noted ??= readNotes(store).catch((thrown: unknown) => {
      noted = undefined;
      throw thrown;
    });
    const known = await noted;
    // Two definitions of one name are one note.
    const byName = new Map(withheld.map((definition) => [definition.name, definition]));
    const text = textOf([...byName.values()]);
    if ((known.get(list) ?? textOf([])) === text) return undefined;
    known.set(list, text);
    return { kind: 'note_withheld', server, listed: kind, withheld: [...byName.values()] };
  };
}

/** What the store holds, by list. */
async function readNotes(store: PinStore): Promise<Map<string, string>> {
  const lists = new Map<string, Withheld[]>();
  for (const { server, kind, name, reason } of await store.withheld()) {
    const list = JSON.stringify([server, kind]);
    lists.set(list, [...(lists.get(list) ?? []), { name, reason }]);
  }
  return new Map([...lists].map(([list, withheld]) => [list, textOf(withheld)]));
}

const textOf = (withheld: readonly Withheld[]): string =>
  JSON.stringify(withheld.map(({ name, reason }) => [name, reason]).sort());
