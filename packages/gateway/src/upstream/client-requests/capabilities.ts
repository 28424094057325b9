/**
 * What a server may ask of a client: what the client declared, narrowed to what the operator allows for that server.
 */
import { GuardError, isObject, type JsonObject } from '@sallyport/guard';
import {
  acceptsForms,
  acceptsUrls,
  capabilityNeededBy,
  CLIENT_REQUEST_CAPABILITIES,
} from '@sallyport/server/mcp/client-requests';
import type { ServerSettings } from '../../snapshot.ts';

type AllowedRequests = ServerSettings['clientRequests'];

/** The client capabilities that are declared to the server. Extensions are passed on; experimental ones are not. */
export function narrowCapabilities(declared: JsonObject, allowed: AllowedRequests): JsonObject {
  const narrowed: Record<string, JsonObject> = {};
  for (const capability of CLIENT_REQUEST_CAPABILITIES) {
    const value = declared[capability];
    if (allowed[capability] && isObject(value)) narrowed[capability] = capability === 'roots' ? rootsOf(value) : value;
  }
  if (isObject(declared['extensions'])) narrowed['extensions'] = declared['extensions'];
  return narrowed;
}

/** Whether a client that declared these can be asked for anything. */
export const canBeAsked = (capabilities: JsonObject): boolean =>
  CLIENT_REQUEST_CAPABILITIES.some((capability) => capabilities[capability] !== undefined);

const rootsOf = ({ listChanged }: JsonObject): JsonObject => (listChanged === true ? { listChanged } : {});

/**
 * What the gateway declares for its own calls: everything that is allowed, so that a server shows everything it has.
 * No client can answer such a request, and `guardClientRequest` refuses all of them.
 */
export function gatewayCapabilities(allowed: AllowedRequests): JsonObject {
  return narrowCapabilities({ sampling: {}, elicitation: { form: {}, url: {} }, roots: {} }, allowed);
}

/**
 * @param capabilities as narrowed for the server.
 * @throws GuardError `missing_client_capability`, naming what would be needed, when the server may not make the
 * request; `method_not_found` when no server may.
 */
export function requireClientCapability(method: string, params: JsonObject, capabilities: JsonObject): void {
  const capability = capabilityNeededBy(method);
  if (capability === undefined) throw new GuardError('method_not_found');
  const declared = capabilities[capability];
  const missing = isObject(declared) ? missingPart(method, params, declared) : {};
  if (missing !== undefined)
    throw new GuardError('missing_client_capability', { data: { requiredCapabilities: { [capability]: missing } } });
}

/** The part of a capability that a request needs and the client did not declare. */
function missingPart(method: string, params: JsonObject, declared: JsonObject): JsonObject | undefined {
  if (method === 'sampling/createMessage') {
    const usesTools = params['tools'] !== undefined || params['toolChoice'] !== undefined;
    return usesTools && !isObject(declared['tools']) ? { tools: {} } : undefined;
  }
  if (method !== 'elicitation/create') return undefined;
  if (params['mode'] === 'url') return acceptsUrls(declared) ? undefined : { url: {} };
  return acceptsForms(declared) ? undefined : { form: {} };
}
