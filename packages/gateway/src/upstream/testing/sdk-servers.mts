/** Servers of both eras on the official SDKs, over HTTP and stdio, behind one harness. */
import type { JsonObject } from '@sallyport/guard';
import { createHarness, httpTransport, serverSettings, stdioTransport, type UpstreamHarness } from './harness.mts';
import { legacyHttp } from './legacy-server.mts';
import { modernHttp, type ModernHttp } from './modern-server.mts';

export interface SdkServers {
  readonly harness: UpstreamHarness;
  /** The server `modern-http`. */
  readonly modern: ModernHttp;
  /** The address of the server `legacy-json`. */
  readonly legacyJsonUrl: string;
  close(): Promise<void>;
}

/**
 * Starts and discovers `legacy-http`, `legacy-json` (which answers with JSON instead of event streams), `legacy-stdio`,
 * `modern-http` and `modern-stdio`.
 */
export async function startSdkServers(): Promise<SdkServers> {
  const [legacy, json, modern] = await Promise.all([legacyHttp(), legacyHttp({ json: true }), modernHttp()]);
  const harness = createHarness([
    serverSettings('legacy-http', httpTransport(legacy.url)),
    serverSettings('legacy-json', httpTransport(json.url)),
    serverSettings('modern-http', httpTransport(modern.url)),
    serverSettings('legacy-stdio', stdioTransport([`${import.meta.dirname}/legacy-server.mts`])),
    serverSettings('modern-stdio', stdioTransport([`${import.meta.dirname}/modern-server.mts`])),
  ]);
  await harness.discover();
  return {
    harness,
    modern,
    legacyJsonUrl: json.url,
    close: async () => {
      await harness.close();
      await Promise.all([legacy.close(), json.close(), modern.close()]);
    },
  };
}

/** A client that can answer every request of a server. */
export const CAPABILITIES: JsonObject = { elicitation: { form: {}, url: {} }, sampling: {}, roots: {} };

/** The first text of a tool result. */
export const textOf = (result: JsonObject): string =>
  ((result['content'] as { text: string }[])[0] as { text: string }).text;
export const jsonOf = (result: JsonObject): Record<string, never> =>
  JSON.parse(textOf(result)) as Record<string, never>;

const ACCEPTED: JsonObject = { action: 'accept', content: { name: 'Ann' } };

/** Answers a request of a server. */
export const accept = async (): Promise<JsonObject> => ACCEPTED;

/** Calls a tool as a modern client does: answers input requests until the result is complete. */
export async function callAsModernClient(
  harness: UpstreamHarness,
  server: string,
  name: string,
): Promise<{ result: JsonObject; requested: string[] }> {
  const requested: string[] = [];
  let extraMembers: JsonObject = {};
  for (let round = 0; round < 5; round++) {
    const { value } = await harness.resultOf(
      'tools/call',
      { kind: 'tool', server, name },
      { name, arguments: {}, ...extraMembers },
      { era: 'modern', capabilities: CAPABILITIES },
    );
    if (value['resultType'] !== 'input_required') return { result: value, requested };
    const requests = (value['inputRequests'] ?? {}) as Record<string, { method: string }>;
    requested.push(...Object.values(requests).map(({ method }) => method));
    extraMembers = {
      requestState: value['requestState'] as string,
      inputResponses: Object.fromEntries(Object.keys(requests).map((key) => [key, ACCEPTED])),
    };
  }
  throw new Error('too many rounds');
}
