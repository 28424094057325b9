/** `completion/complete`: what is being completed, as the arguments of the prompt or template that it is for. */
import { asObject, isObject } from '../../json/is-object.ts';
import type { Definition, Json, JsonObject } from '../../call.ts';
import { GuardError } from '../../errors.ts';

/**
 * B10: policies find the arguments of a completion where those of a call are, in `context.args`.
 *
 * @throws GuardError `invalid_params` for anything but texts under names of their own, `invalid_input` for an argument
 * that the prompt does not declare.
 */
export function completionArguments({ argument, context }: JsonObject, definition: Definition | undefined): JsonObject {
  const { name, value } = asObject(argument);
  if (!isObject(argument) || typeof name !== 'string' || typeof value !== 'string')
    throw malformed('params.argument must have a name and a value, both strings.');
  const given: Json = asObject(context)['arguments'] ?? {};
  if ((context !== undefined && !isObject(context)) || !isObject(given) || !Object.values(given).every(isText))
    throw malformed('params.context.arguments must be an object of strings.');
  if (Object.hasOwn(given, name)) throw malformed('The argument is in params.argument and in params.context.');
  const input = { ...given, [name]: value };
  if (definition?.kind === 'prompt') requireDeclared(definition, input);
  return input;
}

const isText = (value: Json): boolean => typeof value === 'string';

const malformed = (message: string): GuardError => new GuardError('invalid_params', { message });

function requireDeclared({ document }: Definition, input: JsonObject): void {
  const declared = (document['arguments'] ?? []) as unknown as readonly { readonly name: string }[];
  const names = new Set(declared.map(({ name }) => name));
  if (!Object.keys(input).every((name) => names.has(name)))
    throw new GuardError('invalid_input', { message: 'The prompt does not declare such an argument.' });
}
