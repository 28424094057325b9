/** One permitted call on its way to one server. */
import { isObject, type ClientChannel, type JsonObject, type Permitted, type TaskOrigin } from '@sallyport/guard';
import type { ServerSettings } from '../../snapshot.ts';
import { gatewayCapabilities, narrowCapabilities } from '../client-requests/capabilities.ts';
import type { LogLevels } from '../notifications/log-levels.ts';
import { ownerOf, type Owner } from '../sessions/session.ts';
import type { TaskSeal } from '../tasks/task-ids.ts';

/** A call to one of the servers that its target names, with everything that depends on that server. */
export interface ServerCall {
  readonly permitted: Permitted;
  readonly settings: ServerSettings;
  /** For whom it is made. Only sessions of this owner carry it. */
  readonly owner: Owner;
  /** The way back to the client. */
  readonly channel: ClientChannel;
  /** What this server may ask of this client. */
  readonly clientCapabilities: JsonObject;
  /** The least severity of log messages that the client asked for, with this request or for its session. */
  readonly logLevel: string | undefined;
  readonly taskSeal: TaskSeal;
}

/** What the ids of tasks are made with. */
export type TaskNaming = Pick<TaskSeal, 'sealer' | 'clock' | 'given'>;

/** @param logLevels that legacy clients set for their sessions. */
export function createServerCall(
  permitted: Permitted,
  channel: ClientChannel,
  settings: ServerSettings,
  naming: TaskNaming,
  logLevels: LogLevels,
): ServerCall {
  const owner = ownerOf(permitted);
  return {
    permitted,
    settings,
    owner,
    channel,
    clientCapabilities: clientCapabilitiesOf(permitted, channel, settings),
    logLevel: channel.logLevel ?? logLevels.get(owner),
    taskSeal: { ...naming, server: settings.name, principal: permitted.principal.key },
  };
}

/** What a task that the call makes belongs to; `undefined` for calls that make none. */
export function taskOriginOf({ permitted: { call, definition } }: ServerCall): TaskOrigin | undefined {
  if (call.method !== 'tools/call' || definition === undefined) return undefined;
  const { arguments: input } = call.params;
  return { tool: definition.name, digest: definition.digest, input: isObject(input) ? input : {} };
}

/** The same call under other settings of its server: those of a session, or those after a reload. */
export function withSettings(call: ServerCall, settings: ServerSettings): ServerCall {
  return { ...call, settings, clientCapabilities: clientCapabilitiesOf(call.permitted, call.channel, settings) };
}

const clientCapabilitiesOf = (
  { call }: Permitted,
  { capabilities }: ClientChannel,
  { clientRequests }: ServerSettings,
): JsonObject =>
  call.credentials.kind === 'gateway'
    ? gatewayCapabilities(clientRequests)
    : narrowCapabilities(capabilities, clientRequests);
