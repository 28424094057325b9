/** The policies of a configuration, judged against what is pinned in its data folder. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { Definition } from '@sallyport/guard';
import type { Snapshot } from '../snapshot.ts';
import { closest } from '../config/suggest.ts';
import type { PolicyVerdict } from './check.ts';

/** Cedar is loaded only when it is asked for: it is the largest thing in the program. */
export async function checkConfiguredPolicies(snapshot: Snapshot): Promise<PolicyVerdict> {
  if (snapshot.policies.cedar === undefined) return { policies: 0, findings: [] };
  const { loadPolicies, PolicyLoadError } = await import('../adapters/cedar/load.ts');
  const { checkPolicies } = await import('../adapters/cedar/check.ts');
  try {
    const loaded = loadPolicies(snapshot.policies.cedar, { now: () => Date.now() });
    return { policies: loaded.policies.length, findings: checkPolicies(loaded, await pinned(snapshot), closest) };
  } catch (thrown) {
    if (!(thrown instanceof PolicyLoadError)) throw thrown;
    return { policies: 0, findings: thrown.findings };
  }
}

async function pinned(snapshot: Snapshot): Promise<Definition[]> {
  const file = join(snapshot.dataFolder, 'sallyport.db');
  if (!existsSync(file)) return [];
  const { openStore } = await import('../adapters/sqlite/store.ts');
  const store = openStore(file);
  try {
    return store.pins
      .pins()
      .map(({ server, kind, name, digest, document }) => ({ server, kind, name, digest, document, labels: [] }));
  } finally {
    store.close();
  }
}
