/** 2025-11-25 gives every elicitation by URL an id, which its clients insist on; 2026-07-28 has none. */
import { randomUUID } from 'node:crypto';
import type { Era, JsonObject } from '@sallyport/guard';

/** @param era of the client that is asked. @returns the same object when nothing had to change. */
export function withElicitationId(era: Era, method: string, params: JsonObject): JsonObject {
  if (method !== 'elicitation/create' || params['mode'] !== 'url') return params;
  const { elicitationId, ...rest } = params;
  if (era === 'modern') return rest;
  return typeof elicitationId === 'string' ? params : { ...rest, elicitationId: randomUUID() };
}
