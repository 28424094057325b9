/** Runs untrusted code, and confines programs. */
export { SandboxUnavailable, type Enforcement, type Enforcements } from './confinement.ts';
export { createConfiner, type ConfinedProgram, type Confiner, type PreparedProgram } from './confiner.ts';
export type { ExceededLimit } from './limits/watch-tree.ts';
export type { Destination } from './network/connect-proxy.ts';
export {
  createSandbox,
  type EndedBy,
  type Sandbox,
  type SandboxKind,
  type SandboxLanguage,
  type SandboxLimits,
  type SandboxOptions,
  type SandboxResult,
  type SandboxRun,
} from './sandbox.ts';
