/** The tools in the pin store whose calls are refused, because a schema of theirs cannot be checked. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { whyUncheckable } from '@sallyport/guard/stages';
import type { Snapshot } from '../snapshot.ts';

/** A tool, and what is wrong with which of its schemas. */
export interface UncheckableTool {
  readonly server: string;
  readonly name: string;
  readonly reason: string;
}

/** Of approved definitions and of those that wait: who approves should know. */
export async function uncheckableTools({ dataFolder }: Snapshot): Promise<readonly UncheckableTool[]> {
  const file = join(dataFolder, 'sallyport.db');
  if (!existsSync(file)) return [];
  const { openStore } = await import('../adapters/sqlite/store.ts');
  const store = openStore(file);
  try {
    const pins = [...(await store.pins.pins()), ...(await store.pins.pending())];
    return pins.flatMap(({ server, kind, name, document }) => {
      const reason = kind === 'tool' ? whyUncheckable(document) : undefined;
      return reason === undefined ? [] : [{ server, name, reason }];
    });
  } finally {
    store.close();
  }
}
