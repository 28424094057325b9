/** Programs for tools: allow-listed, with typed arguments, without a shell. */
export { arg, type Arg, type Locator, type TextRule, type ValuesOf } from './arguments.ts';
export {
  openCommand,
  type Command,
  type CommandPart,
  type CommandResult,
  type CommandSettings,
  type ProcessLimits,
} from './open.ts';
