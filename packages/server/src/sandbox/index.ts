/** Runs untrusted code, and confines programs. */
export { SandboxUnavailable, type Enforcement, type Enforcements } from './confinement.ts';
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
