import type { DefinitionKind } from '@sallyport/guard';

/** One text for a definition of a server. Server names and kinds hold no space, so no two definitions share a key. */
export const definitionKey = (server: string, kind: DefinitionKind, name: string): string =>
  `${server} ${kind} ${name}`;
