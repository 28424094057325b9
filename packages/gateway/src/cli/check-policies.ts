/** The policies of a configuration, checked against the definitions that are pinned with it. */
import type { Definition } from '@sallyport/guard';
import type { ConfigError } from '../config.ts';
import { closest } from '../config/suggest.ts';
import type { Snapshot } from '../snapshot.ts';

/** An error or a warning about one policy, with its position in the file. */
export interface PolicyFinding extends ConfigError {
  readonly severity: 'error' | 'warning';
}

/** What a check of the policies found. */
export interface PolicyVerdict {
  /** Number of policies that were loaded; 0 when one of them cannot be parsed. */
  readonly policies: number;
  readonly findings: readonly PolicyFinding[];
}

/** Loads Cedar only when the configuration has something in it: it is the largest part of the program. */
export async function checkConfiguredPolicies(snapshot: Snapshot): Promise<PolicyVerdict> {
  const rules = snapshot.approvals.rules.filter(({ when }) => when !== undefined);
  if (snapshot.policies.cedar === undefined && rules.length === 0) return { policies: 0, findings: [] };
  const { loadPolicies, PolicyLoadError } = await import('../adapters/cedar/load.ts');
  const { checkPolicies } = await import('../adapters/cedar/check.ts');
  const { checkCondition } = await import('../adapters/cedar/condition.ts');
  const { activateApprovalRules } = await import('../approval-rules.ts');
  try {
    const loaded = loadPolicies(snapshot.policies.cedar, { now: () => Date.now() });
    activateApprovalRules(snapshot, loaded);
    const definitions = await pinnedDefinitions(snapshot);
    const ofRules = rules.flatMap((rule) =>
      rule.when === undefined ? [] : checkCondition(rule.when, rule, definitions, closest),
    );
    return {
      policies: loaded.policies.length,
      findings: [...checkPolicies(loaded.policies, definitions, closest), ...ofRules],
    };
  } catch (thrown) {
    if (!(thrown instanceof PolicyLoadError)) throw thrown;
    return { policies: 0, findings: thrown.findings };
  }
}

/** None where no gateway has been, and where a database cannot be reached: a check needs no network. */
async function pinnedDefinitions(snapshot: Snapshot): Promise<Definition[]> {
  const { mayHoldPins, withKeysAndPins } = await import('../stores.ts');
  if (!mayHoldPins(snapshot)) return [];
  const read = withKeysAndPins(snapshot, async ({ pins }) => {
    const approved = await pins.pins();
    const names = new Set(approved.map(keyOf));
    // A policy may be written before anything is approved.
    const waiting = (await pins.pending()).filter((one) => !names.has(keyOf(one)) && one.rejected === undefined);
    return [...approved, ...waiting];
  });
  const pins = await (snapshot.database === undefined ? read : read.catch(() => []));
  return pins.map(({ server, kind, name, digest, document }) => ({
    server,
    kind,
    name,
    digest,
    document,
    labels: [],
  }));
}

const keyOf = ({ server, kind, name }: Pick<Definition, 'server' | 'kind' | 'name'>): string =>
  JSON.stringify([server, kind, name]);
