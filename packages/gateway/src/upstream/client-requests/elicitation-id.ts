/** 2025-11-25 gives every elicitation by URL an id, and its clients require it. 2026-07-28 has no such id. */
import { randomUUID } from 'node:crypto';
import type { Era, JsonObject } from '@sallyport/guard';

/** @param clientEra of the client that gets the request. @returns the same object when nothing had to change. */
export function withElicitationId(clientEra: Era, method: string, params: JsonObject): JsonObject {
  if (method !== 'elicitation/create' || params['mode'] !== 'url') return params;
  const { elicitationId, ...rest } = params;
  if (clientEra === 'modern') return rest;
  return typeof elicitationId === 'string' ? params : { ...rest, elicitationId: randomUUID() };
}
