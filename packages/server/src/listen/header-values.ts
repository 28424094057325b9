import type { IncomingMessage } from 'node:http';

/**
 * Every value of a header, where `headers` joins or drops repeated ones. Reads one header only, because
 * `headersDistinct` builds a table of all headers for each request.
 *
 * @param name in lower case.
 */
export function headerValues({ rawHeaders }: Pick<IncomingMessage, 'rawHeaders'>, name: string): readonly string[] {
  const values: string[] = [];
  for (let index = 0; index < rawHeaders.length; index += 2) {
    const rawName = rawHeaders[index] as string;
    if (rawName.length === name.length && (rawName === name || rawName.toLowerCase() === name))
      values.push(rawHeaders[index + 1] as string);
  }
  return values;
}
