/** Requests that a server makes of the client (sampling, elicitation, roots) pass the guard like every other call. */
import type { Guard, JsonObject, Permitted } from '@sallyport/guard';

/**
 * Runs a server's request through the guard. It acts for the caller of the call that it belongs to.
 *
 * @param deliver sends the request to the client; it runs only when the guard permits it.
 * @throws GuardError when the guard refuses the request or withholds the client's result.
 */
export async function runClientRequest(
  guard: Guard,
  { call, principal }: Permitted,
  method: string,
  params: JsonObject,
  deliver: () => Promise<JsonObject>,
): Promise<JsonObject> {
  const outcome = await guard.run(
    {
      ...call,
      method,
      params,
      rawArguments: undefined,
      target: 'server' in call.target ? { kind: 'servers', servers: [call.target.server] } : call.target,
      credentials: { kind: 'on_behalf_of_call', principal },
    },
    async () => ({ value: await deliver() }),
  );
  if (outcome.status !== 'success') throw outcome.error;
  return outcome.result.value;
}
