/** `prompts/get`: required arguments are present, all are strings, and each is declared. */
import type { Definition, JsonObject } from '../../call.ts';
import { invalidInput } from './arguments.ts';
import type { SchemaFault } from './compile.ts';

const FAULTS_MAX = 10;

interface PromptArgument {
  readonly name: string;
  readonly required?: boolean;
}

/** @throws GuardError `invalid_input` that names the faults. */
export function checkPromptArguments(definition: Definition, input: JsonObject): void {
  const declared = (definition.document['arguments'] ?? []) as unknown as readonly PromptArgument[];
  const faults: SchemaFault[] = [];
  for (const { name, required } of declared) {
    if (required === true && !Object.hasOwn(input, name)) faults.push({ path: `/${name}`, message: 'is required' });
    else if (Object.hasOwn(input, name) && typeof input[name] !== 'string')
      faults.push({ path: `/${name}`, message: 'must be string' });
  }
  const names = new Set(declared.map((argument) => argument.name));
  const extra = Object.keys(input).filter((name) => !names.has(name)).length;
  if (extra > 0)
    faults.push({ path: '', message: `must NOT have arguments that the prompt does not declare (${extra} found)` });
  if (faults.length > 0) throw invalidInput(faults.slice(0, FAULTS_MAX));
}
