/** The rules that speak of a tool, as one digest: a request is for the rules that it was filed by. */
import { createHash } from 'node:crypto';
import type { JsonObject } from '../call.ts';
import { canonicalize } from '../json/canonical.ts';
import type { ApprovalRule } from '../stages/approve/index.ts';

type Tool = Readonly<Record<'server' | 'tool', string>>;

/**
 * SHA-256 in hex over everything that the rules for the tool say, in their order. Where a rule stands in the file is no
 * part of it.
 *
 * @example
 * ```ts
 * const isSame = (before: readonly ApprovalRule[], after: readonly ApprovalRule[]): boolean =>
 *   rulesDigest(before, { server: 'bank', tool: 'pay' }) === rulesDigest(after, { server: 'bank', tool: 'pay' });
 * ```
 */
export function rulesDigest(rules: readonly ApprovalRule[], { server, tool }: Tool): string {
  const spoken = rules
    .filter((rule) => matches(rule.server, server) && matches(rule.tool, tool))
    .map(({ when: _compiled, demand, ...rule }) => ({ ...rule, demand: demand && { ...demand, source: '' } }));
  // Only plain values are left, and members without a value are left out.
  const plain = JSON.parse(JSON.stringify({ spoken })) as JsonObject;
  return createHash('sha256').update(canonicalize(plain)).digest('hex');
}

const matches = (pattern: string, name: string): boolean => pattern === '*' || pattern === name;
