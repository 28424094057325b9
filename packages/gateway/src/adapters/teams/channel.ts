/** Microsoft Teams: a card for each request, changed when something happens to it. */
import type { Channel } from '../../channels/channel.ts';
import { contentOf, type Content } from '../../channels/content.ts';
import type { TeamsSettings } from '../../snapshot.ts';
import { ARGUMENTS_CHARACTERS_MAX, cardOf } from './card.ts';
import type { Connector } from './connector.ts';

/** A message that is nothing but a card. */
export const activityOf = (content: Content, approval: Parameters<typeof cardOf>[1]): object => ({
  type: 'message',
  attachments: [{ contentType: 'application/vnd.microsoft.card.adaptive', content: cardOf(content, approval) }],
});

export function createTeamsChannel(
  connector: Connector,
  { conversation, tenants }: Pick<TeamsSettings, 'conversation' | 'tenants'>,
): Channel {
  return {
    name: `teams ${conversation}`,
    tenants,
    async send(notice, address, signal) {
      const activity = activityOf(contentOf(notice, ARGUMENTS_CHARACTERS_MAX), notice.approval);
      // A reminder is a new card: a changed one is not shown as new.
      if (address !== undefined && notice.kind !== 'reminder') {
        await connector.update(address, activity, signal);
        return address;
      }
      return connector.post(activity, signal);
    },
  };
}
