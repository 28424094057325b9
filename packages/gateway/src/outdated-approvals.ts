/**
 * When rules, policies or pins change in this process, requests that were filed by what was in force before are ended:
 * nobody decides about a call that cannot be made any more. Those of other processes are left to them.
 */
import { RULES_CHANGED, rulesDigest, type Approvals, type FiledApproval, type PinStore } from '@sallyport/guard';
import type { ActiveSettings, SettingsHolder } from './active-settings.ts';

/** @returns what looks whether something has changed, and ends requests if so. */
export function createOutdatedCheck(
  settings: SettingsHolder,
  pins: PinStore,
  approvals: Pick<Approvals, 'endOutdated'>,
): () => Promise<void> {
  let before = settings.current();
  let version: number | undefined;
  return async () => {
    const now = settings.current();
    const pinsVersion = await pins.version();
    if (now === before && pinsVersion === (version ?? pinsVersion)) {
      version = pinsVersion;
      return;
    }
    const pinned = new Map(
      (await pins.pins()).map(({ server, kind, name, digest }) => [`${server} ${kind} ${name}`, digest]),
    );
    const earlier = before;
    await approvals.endOutdated((filed) => {
      const digest = pinned.get(`${filed.server} tool ${filed.tool}`);
      if (digest !== undefined && digest !== filed.definitionDigest)
        return 'The definition of the tool changed since then.';
      return changeBetween(earlier, now, filed);
    });
    [before, version] = [now, pinsVersion];
  };
}

function changeBetween(before: ActiveSettings, now: ActiveSettings, filed: FiledApproval): string | undefined {
  if (filed.revision === before.policies.revision && filed.revision !== now.policies.revision)
    return 'The policies changed since then.';
  const wasFiledHere = filed.rules === rulesDigest(before.approvalRules, filed);
  return wasFiledHere && filed.rules !== rulesDigest(now.approvalRules, filed) ? RULES_CHANGED : undefined;
}
