/** What a server may ask of a client: what the client declared, narrowed to what the operator allows for that server. */
import { GuardError, isObject, type JsonObject } from '@sallyport/guard';
import type { ServerSettings } from '../../snapshot.ts';
import { capabilityNeededBy, CLIENT_REQUEST_CAPABILITIES } from '../../mcp/client-requests.ts';

type Requests = ServerSettings['clientRequests'];

/** The client capabilities that are declared to the server. Extensions are passed on; experiments are not. */
export function narrowCapabilities(declared: JsonObject, allowed: Requests): JsonObject {
  const narrowed: Record<string, JsonObject> = {};
  for (const member of CLIENT_REQUEST_CAPABILITIES) {
    const value = declared[member];
    if (allowed[member] && isObject(value))
      narrowed[member] = member === 'roots' ? (value['listChanged'] === true ? { listChanged: true } : {}) : value;
  }
  if (isObject(declared['extensions'])) narrowed['extensions'] = declared['extensions'];
  return narrowed;
}

/** What the gateway declares for itself: enough that a server shows everything it has; nobody is ever asked. */
export function ownCapabilities(allowed: Requests): JsonObject {
  return narrowCapabilities({ sampling: {}, elicitation: { form: {}, url: {} }, roots: {} }, allowed);
}

/** @throws GuardError `missing_client_capability`, naming what would be needed, when the request may not be made. */
export function requireAskable(method: string, params: JsonObject, capabilities: JsonObject): void {
  const member = capabilityNeededBy(method);
  if (member === undefined) throw new GuardError('method_not_found');
  const declared = capabilities[member];
  const lacking = isObject(declared) ? lackingPart(method, params, declared) : {};
  if (lacking !== undefined)
    throw new GuardError('missing_client_capability', { data: { requiredCapabilities: { [member]: lacking } } });
}

function lackingPart(method: string, params: JsonObject, declared: JsonObject): JsonObject | undefined {
  if (method === 'sampling/createMessage') {
    const tools = params['tools'] !== undefined || params['toolChoice'] !== undefined;
    return tools && !isObject(declared['tools']) ? { tools: {} } : undefined;
  }
  if (method !== 'elicitation/create') return undefined;
  // 2025-11-25: an empty capability means forms only.
  if (params['mode'] === 'url') return isObject(declared['url']) ? undefined : { url: {} };
  return isObject(declared['form']) || !isObject(declared['url']) ? undefined : { form: {} };
}
