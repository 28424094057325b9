import { errorText, GuardError, type JsonObject } from '@sallyport/guard';
import type { PreparedSchema } from '../schema.ts';

/**
 * What the library of a schema makes of input that matches the published schema.
 *
 * @throws GuardError `invalid_input` with what the library has against it.
 */
export async function parsedInput({ parse }: PreparedSchema, input: JsonObject): Promise<unknown> {
  const { faults, ...parsed } = await parse(input);
  if (faults !== undefined)
    throw new GuardError('invalid_input', { message: `The arguments are not valid: ${errorText(faults.join('; '))}.` });
  return 'value' in parsed ? parsed.value : undefined;
}
