import type { Identity } from '@sallyport/guard';
import { createMayList } from '@sallyport/guard/stages';
import type { SettingsHolder } from './active-settings.ts';
import type { Upstreams } from './upstream/upstreams.ts';

/** Whether somebody may know of a server. A server that was never reached offers nothing that could be hidden. */
export function serverVisibility(
  upstreams: Upstreams,
  settings: SettingsHolder,
): (identity: Identity, server: string) => boolean {
  const mayList = createMayList({
    policy: () => settings.current().policies.engine,
    allowTools: (name) => settings.current().servers.get(name)?.allowTools,
  });
  return (identity, server) => {
    const definitions = upstreams.definitionsOf(server);
    return definitions.length === 0 || definitions.some((definition) => mayList(identity, definition));
  };
}
