/** The definitions of a server with their state: what is approved, what waits, and what is withheld. */
import type { DefinitionKind, PinStore } from '@sallyport/guard';
import { z } from 'zod';

/** Kinds of definitions. */
export const KINDS = ['server', 'tool', 'prompt', 'resource', 'resource_template'] as const;

/** One definition. */
export const definitionSchema = z
  .object({
    kind: z.enum(KINDS),
    name: z.string().describe('Of the server itself: its name in the configuration.'),
    state: z
      .enum(['approved', 'pending', 'changed', 'rejected', 'withheld'])
      .describe(
        '`pending`: never approved. `changed`: differs from what is approved, and is not served. ' +
          '`rejected`: a person said no to it.',
      ),
    digest: z.string().describe('Of what the server showed last; empty for what is withheld.'),
    pinned_digest: z.string().optional(),
    pinned_at: z.iso.datetime().optional(),
    pinned_by: z.string().optional(),
    seen_at: z.iso.datetime().optional().describe('When what waits was first seen.'),
    rejected_at: z.iso.datetime().optional(),
    rejected_by: z.string().optional(),
    reason: z.string().optional().describe('Why it is withheld.'),
    definition: z.record(z.string(), z.unknown()).optional().describe('What is approved.'),
  })
  .meta({ id: 'Definition' });

/** A definition as the API shows it. */
export type DefinitionView = z.input<typeof definitionSchema>;

/** The name of a definition in the API: that of the server itself is empty where it is stored. */
export const shownName = (server: string, { kind, name }: { readonly kind: DefinitionKind; readonly name: string }) =>
  kind === 'server' ? server : name;

/** The definitions of a server, by kind and name. */
export async function definitionsOf(pins: PinStore, server: string): Promise<readonly DefinitionView[]> {
  const views = new Map<string, DefinitionView>();
  const keyOf = ({ kind, name }: { readonly kind: DefinitionKind; readonly name: string }): string => `${kind} ${name}`;
  for (const pin of await pins.pins()) {
    if (pin.server !== server) continue;
    const { kind, digest, document, approvedAtMs, approvedBy } = pin;
    views.set(keyOf(pin), {
      kind,
      name: shownName(server, pin),
      state: 'approved',
      digest,
      pinned_digest: digest,
      pinned_at: new Date(approvedAtMs).toISOString(),
      pinned_by: approvedBy,
      definition: document,
    });
  }
  for (const pending of await pins.pendingDigests()) {
    if (pending.server !== server) continue;
    const pinned = views.get(keyOf(pending));
    const { kind, digest, rejected } = pending;
    const waiting = pinned === undefined ? 'pending' : 'changed';
    views.set(keyOf(pending), {
      ...pinned,
      kind,
      name: shownName(server, pending),
      state: rejected === undefined ? waiting : 'rejected',
      digest,
      ...(rejected !== undefined && {
        rejected_at: new Date(rejected.atMs).toISOString(),
        rejected_by: rejected.by,
      }),
    });
  }
  for (const withheld of await pins.withheld()) {
    if (withheld.server !== server) continue;
    const known = views.get(keyOf(withheld));
    const { kind, reason } = withheld;
    views.set(keyOf(withheld), {
      digest: '',
      ...known,
      kind,
      name: shownName(server, withheld),
      state: 'withheld',
      reason,
    });
  }
  return [...views.values()];
}
