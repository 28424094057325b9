/** What tools, resources, templates and prompts have alike. */
import { jsonDigest, type Definition, type DefinitionKind, type JsonObject } from '@sallyport/guard';
import type { ApprovalText } from './approval.ts';
import type { Effect } from './effects.ts';
import type { LimitText } from './limit-text.ts';
import type { Permission } from './permission.ts';

/**
 * What is said of every item that clients can use.
 *
 * @example
 * ```ts
 * const item: ItemOptions = { title: 'Customers', permission: 'customers:read', labels: ['private'] };
 * ```
 */
export interface ItemOptions<Input = unknown> {
  /** For people; the name is for programs. */
  readonly title?: string;
  /** Who may see and use it. Required, so that nothing is open by omission. */
  readonly permission: Permission<Input>;
  /** What is known of its data, such as `private`; policies and records have them. */
  readonly labels?: readonly string[];
  /** `_meta` of the definition, for hosts that know it. */
  readonly meta?: JsonObject;
}

/** An item as the server keeps it: checked, and with the document that clients list. */
export interface Item {
  readonly kind: Exclude<DefinitionKind, 'server'>;
  /** Of a tool or prompt; the URI of a resource, the template of a template. */
  readonly name: string;
  readonly document: JsonObject;
  readonly labels: readonly string[];
  readonly permission: Permission<never>;
  /** What a permission that depends on the input is asked with; it throws for input that the schema refuses. */
  readonly inputOf?: (input: JsonObject) => unknown;
  readonly effect?: Effect;
  readonly limit?: LimitText;
  readonly approval?: ApprovalText;
}

const NAME = /^[A-Za-z0-9_.-]{1,128}$/;

/** @throws RangeError for a name that MCP does not allow (schema, `Tool.name`). */
export function checkName(name: string, kind: string): void {
  if (!NAME.test(name)) throw new RangeError(`a ${kind} name has 1 to 128 of A-Za-z0-9_.-`);
}

const checked = new WeakSet<Item>();

/** Freezes an item that was checked. */
export function checkedItem<I extends Item>(item: I): I {
  Object.freeze(item);
  checked.add(item);
  return item;
}

/** @throws RangeError for one that was written by hand: nobody has checked it. */
export function requireChecked(item: Item): void {
  if (!checked.has(item)) throw new RangeError(`${item.name} was not made by tool(), resource() or prompt()`);
}

/** The item as the guard knows it. */
export function definitionOf(server: string, { kind, name, document, labels, effect }: Item): Definition {
  return {
    server,
    kind,
    name,
    document,
    digest: jsonDigest(document),
    labels: effect === undefined ? labels : [...labels, `effect:${effect}`],
  };
}

/** The members of a document that are there, in the order given. */
export const documentOf = (members: Readonly<Record<string, unknown>>): JsonObject =>
  Object.fromEntries(Object.entries(members).filter(([, value]) => value !== undefined)) as JsonObject;
