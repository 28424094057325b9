/** Stage 9: is what came back safe to return? One rule a file; each returns the result that the next one looks at. */
import type { Definition, McpResult } from '../../call.ts';
import type { House, Who } from '../../guard.ts';
import { createSchemaCache } from '../validate/index.ts';
import { SCHEMA_LIMITS } from '../validate/bounds.ts';
import { boundSize } from './bound-size.ts';
import { matchShape } from './match-shape.ts';
import { createMatchOutputSchema } from './match-output-schema.ts';

export interface InspectDeps {
  /** Bytes that a result of this server may have. */
  readonly maxResultBytes: (server: string) => number;
  /** The same decision that a call of the definition would meet. */
  readonly mayList: (who: Who, definition: Definition) => boolean;
}

export function createInspect({ maxResultBytes, mayList }: InspectDeps): House['inspect'] {
  const matchOutputSchema = createMatchOutputSchema(createSchemaCache('outputSchema', SCHEMA_LIMITS));
  return (result, who, judged, call): McpResult => {
    if (result.items !== undefined) return { ...result, items: result.items.filter((item) => mayList(who, item)) };
    const { definition } = judged;
    if (definition !== undefined) boundSize(result, maxResultBytes(definition.server));
    if (call.method === 'tools/call') {
      matchShape(result);
      if (definition !== undefined) matchOutputSchema(result, definition);
    }
    return result;
  };
}
