/** A document store of tenants, in which users own what they write and managers stand above them. */
import { secureServer, tool, ToolError, type SecureServer } from '@sallyport/server';
import { tenantData } from '@sallyport/server/tenant-data';
import type { Dialect, Generated } from 'kysely';
import { z } from 'zod';

interface Tables {
  documents: { id: Generated<number>; tenant_id: string; owner: string; title: string; body: string };
  tags: { tenant_id: string; document: number; tag: string };
}

const id = z.int().min(1).describe('Number of a document, as find_documents shows it');
const title = z.string().min(1).max(200).describe('Title of the document');

/** @param dialect of Kysely: PostgreSQL, SQLite, MySQL. */
export function documentStore(dialect: Dialect): SecureServer {
  const data = tenantData<Tables>(dialect).tables({
    documents: { tenant: 'tenant_id', owner: 'owner', managers: ['manager'] },
    tags: { tenant: 'tenant_id' },
  });

  const findDocuments = tool({
    name: 'find_documents',
    description: 'Finds documents with a tag.',
    input: z.object({ tag: z.string().max(40).describe('The tag') }),
    effect: 'read',
    permission: 'documents:read',
    run: async (call) => ({
      documents: await data
        .for(call)
        .selectFrom('documents')
        .innerJoin('tags', 'tags.document', 'documents.id')
        .where('tags.tag', '=', call.input.tag)
        .select(['documents.id', 'documents.title', 'documents.owner'])
        .orderBy('documents.id')
        .limit(100)
        .execute(),
    }),
  });

  const addDocument = tool({
    name: 'add_document',
    description: 'Adds a document of the caller, with tags.',
    input: z.object({
      title,
      body: z.string().max(100_000).describe('Text of the document'),
      tags: z.array(z.string().max(40)).min(1).max(10).describe('Tags to find it by'),
    }),
    effect: 'write',
    permission: 'documents:write',
    run: (call) =>
      data.transaction(call, async (queries) => {
        const { tags, ...values } = call.input;
        const document = await queries.insertInto('documents').values(values).returning('id').executeTakeFirstOrThrow();
        await queries
          .insertInto('tags')
          .values(tags.map((tag) => ({ document: document.id, tag })))
          .execute();
        return document;
      }),
  });

  const renameDocument = tool({
    name: 'rename_document',
    description: 'Gives a document another title. Its owner and managers may do that.',
    input: z.object({ id, title }),
    effect: 'write',
    permission: 'documents:write',
    run: async (call) => {
      const query = data.for(call).updateTable('documents').set({ title: call.input.title });
      const changed = await query.where('id', '=', call.input.id).returning('id').execute();
      if (changed.length === 0)
        throw new ToolError('NOT_FOUND', 'You have no such document.', { suggestion: 'Call find_documents.' });
      return 'Renamed.';
    },
  });

  return secureServer({
    name: 'document-store',
    tools: [findDocuments, addDocument, renameDocument],
    tenants: ['acme', 'globex'],
    roles: { member: ['documents:*'], manager: ['documents:*'] },
  });
}
