/**
 * Where a list goes on. A cursor is sealed for the caller, the list and its filter: it can be neither read nor changed,
 * and means nothing in another list or tenant.
 */
import { isObject, type Json, type Sealer } from '@sallyport/guard';
import { z } from 'zod';
import { ApiProblem } from '../problem.ts';
import type { ApiCaller } from './access.ts';

const PURPOSE = 'control api cursor';
const LIMIT_MAX = 200;
const LIMIT_DEFAULT = 50;

/** Digits only: `1e2`, ` 5` and `0x5` are no numbers of a query. */
const digits = (text: unknown): unknown => (typeof text === 'string' && /^\d{1,9}$/.test(text) ? Number(text) : text);

/** The query of every list. */
export const PAGE_QUERY = {
  limit: z
    .preprocess(digits, z.int().min(1).max(LIMIT_MAX).default(LIMIT_DEFAULT))
    .describe('How many items are wanted.'),
  cursor: z.string().max(2_048).optional().describe('`next_cursor` of the page before.'),
};

/** The answer of every list. */
export const pageOf = <Item extends z.ZodType>(item: Item) =>
  z.object({
    items: z.array(item),
    next_cursor: z.string().optional().describe('Absent on the last page.'),
  });

/** One list, with everything that selects its items. */
export interface ListName {
  readonly list: string;
  /** Plain JSON. */
  readonly filter: object;
}

/** Seals and opens cursors. */
export interface Cursors {
  seal(caller: ApiCaller, name: ListName, position: Json): string;
  /** @returns `undefined` without a cursor. @throws ApiProblem for one that is not of this list and caller. */
  open(caller: ApiCaller, name: ListName, cursor: string | undefined): Json | undefined;
}

/** Cursors that outlive a restart with the same sealing key. */
export function createCursors(sealer: Sealer): Cursors {
  return {
    seal: (caller, name, position) => sealer.seal(PURPOSE, bindingOf(caller, name), JSON.stringify({ position })),
    open(caller, name, cursor) {
      if (cursor === undefined) return undefined;
      const opened = sealer.open(PURPOSE, bindingOf(caller, name), cursor);
      if (opened === undefined)
        throw new ApiProblem('INVALID_ARGUMENT', {
          detail: 'The cursor is not of this list.',
          errors: [{ in: 'query', pointer: '/cursor', message: 'is not a cursor of this list' }],
        });
      const parsed = JSON.parse(opened) as Json;
      return isObject(parsed) ? parsed['position'] : undefined;
    },
  };
}

function bindingOf({ tenant, principal }: ApiCaller, { list, filter }: ListName): string {
  const { issuer, subject } = principal.user;
  return JSON.stringify([list, tenant.id, issuer, subject, filter]);
}
