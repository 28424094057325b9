/** What the data folder knows of definitions that no call can use: unusable schemas, and names that are withheld. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
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

/** Empty as long as no gateway has used the data folder. */
export async function notServed({ dataFolder, servers }: Snapshot): Promise<NotServed> {
  const file = join(dataFolder, 'sallyport.db');
  if (!existsSync(file)) return { uncheckable: [], withheld: [] };
  const { openStore } = await import('../adapters/sqlite/store.ts');
  const store = openStore(file);
  try {
    const names = new Set(servers.map(({ name }) => name));
    const pins = [...(await store.pins.pins()), ...(await store.pins.pending())];
    const uncheckable = pins.flatMap(({ server, kind, name, document }) => {
      const reason = kind === 'tool' && names.has(server) ? whyUncheckable(document) : undefined;
      return reason === undefined ? [] : [{ server, name, reason }];
    });
    const withheld = (await store.pins.withheld()).filter(({ server }) => names.has(server));
    return { uncheckable, withheld };
  } finally {
    store.close();
  }
}
