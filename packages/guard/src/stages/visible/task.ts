/**
 * B10: a task belongs to the tool that made it. Whoever asks for it must be able to call that tool now, under the same
 * pin.
 */
import type { Definition, Target } from '../../call.ts';
import { GuardError } from '../../errors.ts';
import type { Identity } from '../../guard.ts';
import type { Catalog, TaskDirectory } from '../../ports.ts';

/** What a task is looked up with. */
export interface TaskDeps {
  readonly catalog: Catalog;
  readonly tasks: TaskDirectory;
}

/**
 * The tool of a task, if the caller may know of it.
 *
 * @throws GuardError `not_found` for a task that does not exist for this caller, `quarantined` when its tool changed.
 */
export function toolOfTask(
  { catalog, tasks }: TaskDeps,
  mayList: (identity: Identity, definition: Definition) => boolean,
  identity: Identity,
  { server, name }: Target & { readonly kind: 'task' },
): Definition {
  const origin = tasks.find(identity.principal.key, server, name);
  const tool = origin && catalog.find({ kind: 'tool', server, name: origin.tool });
  if (tool === undefined || !mayList(identity, tool)) throw new GuardError('not_found');
  if (tool.digest !== origin?.digest) throw new GuardError('quarantined');
  return tool;
}
