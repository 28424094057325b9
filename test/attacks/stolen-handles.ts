/** Who may not use a handle that the gateway gave to Alice's agent, and what a changed handle looks like. */

/** Callers who differ from Alice's agent in one thing. */
export const OTHER_CALLERS: readonly (readonly [name: string, user: string, claims: Record<string, unknown>])[] = [
  ['another user of the tenant', 'bob', {}],
  ['another tenant', 'carol', {}],
  ['the same subject in another tenant', 'alice', { tenant_id: 'globex' }],
  ['another agent of the same user', 'alice', { client_id: 'other-agent' }],
  ['an actor for the same user', 'alice', { act: { sub: 'helper' } }],
];

/** The text with one bit changed, at places over its whole length; and cut, longer, doubled, in another alphabet. */
export function* changed(text: string): Generator<string> {
  const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';
  for (let at = 0; at < text.length; at += Math.max(1, Math.floor(text.length / 24))) {
    const index = alphabet.indexOf(text[at] as string);
    if (index >= 0) yield `${text.slice(0, at)}${alphabet[index ^ 1]}${text.slice(at + 1)}`;
  }
  yield* [
    text.slice(0, -1),
    text.slice(1),
    `${text}A`,
    `A${text}`,
    `${text}${text}`,
    `${text}=`,
    text.replaceAll('-', '+').replaceAll('_', '/') + (/[-_]/.test(text) ? '' : '/'),
    text.toLowerCase(),
  ];
}
