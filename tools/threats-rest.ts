/** Threats around arguments that become requests, statements and paths; rows of `threats.ts`. */
import { row, type Threat } from './threat.ts';

export const REST: Readonly<Record<string, Threat>> = {
  A23: row(
    'A REST operation becomes a tool, and an argument changes path, query, host or headers of its requests.',
    'Each argument fills the place that the document gives it, by structure; see R1 to R6.',
  ),
  R1: row(
    'An argument leaves the place that it was meant for: NUL, lone surrogates, dot segments, slashes in any spelling.',
    'It stays one encoded part; what any reader could take for a step up, or nothing, is refused.',
  ),
  R2: row(
    'An argument adds a name or a parameter that the author did not offer: in a query, a form, a statement.',
    'Names come from the document or the author; names and values are encoded one by one.',
  ),
  R3: row(
    'An argument sets a header of framing, routing or identity, or adds a line.',
    'Such headers are no arguments; values are visible ASCII; credentials come from the operator alone.',
  ),
  R4: row(
    'An argument becomes part of a statement or a body: quotes, comments, templates, boundaries, further members.',
    'Bodies are serialised from values, statements are templates whose values never become text.',
  ),
  R5: row(
    'An imported document names other files or addresses, expands without limit, or has two operations of one name.',
    'Nothing is fetched; size, depth, aliases and schemas are bounded; what is ambiguous is refused.',
  ),
  R6: row(
    'The error of a server holds secrets, a stack trace or markup.',
    'A caller reads one line of at most 500 characters without any of them, and nothing with `errors: hide`.',
  ),
};
