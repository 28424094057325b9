/** What the store knows of definitions that no call can use: unusable schemas, and names that are withheld. */
import type { WithheldDefinition } from '@sallyport/guard';
import { whyUncheckable } from '@sallyport/guard/stages';
import type { Snapshot } from '../snapshot.ts';

/** A tool, and what is wrong with which of its schemas. */
export interface UncheckableTool {
  readonly server: string;
  readonly name: string;
  readonly reason: string;
}

/** What is known of the configured servers. */
export interface NotServed {
  /** Tools whose calls are refused; approved ones and those that wait: who approves should know. */
  readonly uncheckable: readonly UncheckableTool[];
  /** Definitions that are not listed. */
  readonly withheld: readonly WithheldDefinition[];
}

/** Empty as long as no gateway has used the data folder, and where a database cannot be reached. */
export async function notServed(snapshot: Snapshot): Promise<NotServed> {
  const { mayHoldPins, withKeysAndPins } = await import('../stores.ts');
  if (!mayHoldPins(snapshot)) return { uncheckable: [], withheld: [] };
  const names = new Set(snapshot.servers.map(({ name }) => name));
  const read = withKeysAndPins(snapshot, async ({ pins: store }) => {
    const pins = [...(await store.pins()), ...(await store.pending())];
    const uncheckable = pins.flatMap(({ server, kind, name, document }) => {
      const reason = kind === 'tool' && names.has(server) ? whyUncheckable(document) : undefined;
      return reason === undefined ? [] : [{ server, name, reason }];
    });
    const withheld = (await store.withheld()).filter(({ server }) => names.has(server));
    return { uncheckable, withheld };
  });
  if (snapshot.database === undefined) return read;
  return read.catch(() => ({ uncheckable: [], withheld: [] }));
}
