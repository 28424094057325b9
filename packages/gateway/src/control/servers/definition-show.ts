/** `GET /api/v1/servers/{name}/definitions/{kind}/{id}`: one definition, and what differs from what is approved. */
import type { PendingPin, Pin } from '@sallyport/guard';
import { z } from 'zod';
import { route } from '../api/route.ts';
import type { ApiDeps } from '../deps.ts';
import { ApiProblem } from '../problem.ts';
import { diffDefinitions } from './definition-diff.ts';
import { definitionSchema, definitionsOf, KINDS, type DefinitionView } from './definitions.ts';
import { hiddenCharactersOf } from './hidden-characters.ts';
import { configuredServer, SERVER_PARAMS } from './show.ts';

const document = z.record(z.string(), z.unknown());

/** One definition with everything that a reviewer needs. */
export const definitionDetailSchema = definitionSchema
  .extend({
    approved: document.optional(),
    live: document.optional().describe('What waits for approval; absent when nothing does.'),
    diff: z
      .array(z.object({ op: z.enum(['same', 'add', 'remove']), text: z.string() }))
      .describe('From what is approved to what the server shows; hidden characters are escapes.'),
    hidden_characters: z
      .array(z.object({ path: z.string(), character: z.string(), name: z.string() }))
      .describe('Of what the server shows: what a reader does not see, and a model reads.'),
  })
  .meta({ id: 'DefinitionDetail' });

/** Parameters of every path that names a definition. */
export const DEFINITION_PARAMS = z.strictObject({
  ...SERVER_PARAMS,
  kind: z.enum(KINDS),
  id: z.string().min(1).max(4_096).describe('Name, URI or template; of the server itself: its name.'),
});

/** A definition and where it stands. */
export interface StoredDefinition {
  readonly view: DefinitionView;
  readonly pin: Pin | undefined;
  readonly pending: PendingPin | undefined;
}

/** @throws ApiProblem when the server or the definition does not exist. */
export async function storedDefinition(
  deps: Pick<ApiDeps, 'servers' | 'pins'>,
  { name: server, kind, id }: z.output<typeof DEFINITION_PARAMS>,
): Promise<StoredDefinition> {
  configuredServer(deps, server);
  const view = (await definitionsOf(deps.pins, server)).find((one) => one.kind === kind && one.name === id);
  if (view === undefined) throw new ApiProblem('NOT_FOUND', { detail: 'There is no such definition.' });
  const isIt = (one: Pick<Pin, 'server' | 'kind' | 'name'>): boolean =>
    one.server === server && one.kind === kind && one.name === (kind === 'server' ? '' : id);
  const pending = view.state === 'approved' ? undefined : (await deps.pins.pending()).find(isIt);
  return { view, pin: (await deps.pins.pins()).find(isIt), pending };
}

/** What the API answers about it. */
export function detailOf({ view, pin, pending }: StoredDefinition): z.input<typeof definitionDetailSchema> {
  const shown = pending ?? pin;
  return {
    ...view,
    ...(pin !== undefined && { approved: pin.document }),
    ...(pending !== undefined && { live: pending.document, seen_at: new Date(pending.seenAtMs).toISOString() }),
    diff: shown === undefined ? [] : [...diffDefinitions(pin?.document, shown.document)],
    hidden_characters: shown === undefined ? [] : [...hiddenCharactersOf(shown.document)],
  };
}

/** The version of a definition: it differs when what is approved or what is shown does. */
export const versionOf = ({ view }: StoredDefinition): string =>
  `${view.state} ${view.pinned_digest ?? ''} ${view.digest}`.replaceAll(/[^a-z0-9]+/g, '-');

/** The path names it. */
export const getDefinition = route({
  method: 'GET',
  path: '/api/v1/servers/{name}/definitions/{kind}/{id}',
  access: 'viewer',
  summary: 'One definition, and what differs from what is approved.',
  params: DEFINITION_PARAMS,
  response: definitionDetailSchema,
  async handle({ params }, deps: Pick<ApiDeps, 'servers' | 'pins'>) {
    const stored = await storedDefinition(deps, params);
    return { value: detailOf(stored), version: versionOf(stored) };
  },
});
