import type { IncomingMessage } from 'node:http';

/**
 * Every value of a header, where Node joins or drops repeated ones in `headers`. Looks only at what it is asked for:
 * `headersDistinct` sorts all headers into a table, for each request.
 *
 * @param name in lower case.
 */
export function headerValues({ rawHeaders }: Pick<IncomingMessage, 'rawHeaders'>, name: string): readonly string[] {
  const values: string[] = [];
  for (let at = 0; at < rawHeaders.length; at += 2) {
    const given = rawHeaders[at] as string;
    if (given.length === name.length && (given === name || given.toLowerCase() === name))
      values.push(rawHeaders[at + 1] as string);
  }
  return values;
}
