/**
 * The settings in force: one frozen object that a reload replaces as a whole, so that a call never sees half a change.
 */
import type { Clock } from '@sallyport/guard';
import type { ApprovalRule } from '@sallyport/guard/stages';
import { loadPolicies, type LoadedPolicies } from './adapters/cedar/load.ts';
import { activateApprovalRules } from './approval-rules.ts';
import type { ServerSettings, Snapshot } from './snapshot.ts';

/** A configuration snapshot together with what was made from it. Frozen; keep it for the whole of one piece of work. */
export interface ActiveSettings {
  readonly snapshot: Snapshot;
  readonly policies: LoadedPolicies;
  readonly approvalRules: readonly ApprovalRule[];
  /** The configured servers by name. */
  readonly servers: ReadonlyMap<string, ServerSettings>;
  /** Names of the configured servers, sorted. */
  readonly serverNames: readonly string[];
}

/** Access to the settings in force, and their replacement. */
export interface SettingsHolder {
  /** The settings in force now. */
  current(): ActiveSettings;
  /** Puts a new configuration and its policies in force. @throws PolicyLoadError, and leaves everything as it was. */
  replace(snapshot: Snapshot): void;
  /** Puts other policies in force under the same configuration. @throws PolicyLoadError as `replace` does. */
  replacePolicies(policies: LoadedPolicies): void;
}

/** @throws PolicyLoadError when the policy folder of the snapshot cannot be loaded. */
export function createSettingsHolder(snapshot: Snapshot, clock: Clock): SettingsHolder {
  let active = activate(snapshot, loadPolicies(snapshot.policies.cedar, clock));
  return {
    current: () => active,
    replace: (next) => {
      active = activate(next, loadPolicies(next.policies.cedar, clock));
    },
    replacePolicies: (policies) => {
      active = activate(active.snapshot, policies);
    },
  };
}

const activate = (snapshot: Snapshot, policies: LoadedPolicies): ActiveSettings =>
  Object.freeze({
    snapshot,
    policies,
    approvalRules: activateApprovalRules(snapshot, policies),
    servers: new Map(snapshot.servers.map((server) => [server.name, server])),
    serverNames: Object.freeze(snapshot.servers.map(({ name }) => name).sort()),
  });
