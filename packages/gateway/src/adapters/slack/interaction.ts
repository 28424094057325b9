/** What people press in Slack. The payload is Slack's; what is in it was chosen by whoever pressed. */
import { parseJson } from '@sallyport/guard/json';
import type { WebClient } from '@slack/web-api';
import { z } from 'zod';
import type { Channel, ChannelStore } from '../../channels/channel.ts';
import { decideInChannel, type ChannelDecisions, type Said } from '../../channels/decide.ts';
import { addressText } from './channel.ts';
import { APPROVE, ARGUMENTS_CHARACTERS_MAX, DENY, REASON, reasonModal } from './message.ts';

const text = z.string().max(3_000);
const person = z.object({ id: text });
const pressed = z.object({
  type: z.literal('block_actions'),
  api_app_id: text.optional(),
  trigger_id: text,
  team: z.object({ id: text }),
  user: person,
  container: z.object({ channel_id: text, message_ts: text }),
  actions: z
    .array(z.object({ action_id: text, value: text.optional() }))
    .min(1)
    .max(10),
});
const submitted = z.object({
  type: z.literal('view_submission'),
  team: z.object({ id: text }),
  user: person,
  view: z.object({
    id: text,
    callback_id: z.literal(REASON),
    private_metadata: text,
    state: z.object({
      values: z.object({ [REASON]: z.object({ [REASON]: z.object({ value: z.string().max(500).nullish() }) }) }),
    }),
  }),
});
const payloadSchema = z.union([pressed, submitted]);
const requestOf = z.object({ id: z.string().regex(/^[0-9a-f]{32}$/), tenant: z.string().max(64) });
const metadataOf = requestOf.extend({ address: z.string().max(200) });

/** What interactions work with. */
export interface InteractionDeps {
  readonly client: WebClient;
  readonly channel: Channel;
  /** `C…`: what is pressed elsewhere is for another channel. */
  readonly conversation: string;
  readonly store: ChannelStore;
  readonly decisions: ChannelDecisions;
  /** `T…`: whoever presses in another workspace, through a shared channel, may not. */
  readonly team: string;
}

/** @returns why nothing happened, for the person; `undefined` when there is nothing to say. */
export async function handleInteraction(payload: unknown, deps: InteractionDeps): Promise<string | undefined> {
  const parsed = payloadSchema.safeParse(payload);
  if (!parsed.success) return undefined;
  const { data } = parsed;
  // Another channel of the same app.
  if (conversationOf(data) !== deps.conversation) return undefined;
  if (data.team.id !== deps.team) return 'This workspace may not decide.';
  const said = data.type === 'block_actions' ? await pressedButton(data, deps) : denied(data);
  if (said === undefined || typeof said === 'string') return said;
  // A forwarded copy of a message is another message: only what the gateway wrote can decide.
  if ((await deps.store.addressOf(deps.channel.name, said.id)) !== said.address) return 'This message decides nothing.';
  const email = await verifiedEmail(deps, data.user.id);
  if (email === undefined) return 'Slack does not vouch for your address.';
  const answer = await decideInChannel(
    deps.channel,
    { ...said, who: { email } },
    ARGUMENTS_CHARACTERS_MAX,
    deps.decisions,
  );
  return answer.ok ? undefined : answer.why;
}

/** The account of whoever pressed, to tell them something. */
export function personOf(payload: unknown): string | undefined {
  const parsed = payloadSchema.safeParse(payload);
  return parsed.success ? parsed.data.user.id : undefined;
}

function conversationOf(data: z.infer<typeof payloadSchema>): string | undefined {
  if (data.type === 'block_actions') return data.container.channel_id;
  return metadataOf.safeParse(parseJson(data.view.private_metadata ?? '')).data?.address.split(' ')[0];
}

type Pressed = Omit<Said, 'who'> & { readonly address: string };

async function pressedButton(
  { actions, container, trigger_id: trigger }: z.infer<typeof pressed>,
  { client }: InteractionDeps,
): Promise<Pressed | undefined> {
  const [action] = actions;
  const request = requestOf.safeParse(parseJson(action?.value ?? ''));
  if (action === undefined || !request.success) return undefined;
  const address = addressText({ channel: container.channel_id, ts: container.message_ts });
  if (action.action_id === APPROVE) return { ...request.data, verdict: 'approve', reason: undefined, address };
  if (action.action_id === DENY)
    await client.views.open({
      trigger_id: trigger,
      view: reasonModal(JSON.stringify({ ...request.data, address })),
    });
  return undefined;
}

function denied({ view }: z.infer<typeof submitted>): Pressed | undefined {
  const metadata = metadataOf.safeParse(parseJson(view.private_metadata ?? ''));
  if (!metadata.success) return undefined;
  const reason = view.state.values[REASON][REASON].value ?? undefined;
  return { ...metadata.data, verdict: 'deny', reason: reason === '' ? undefined : reason };
}

/** Slack says whose account it is; a guest, a bot or a deactivated account is nobody. */
async function verifiedEmail({ client, team }: InteractionDeps, userId: string): Promise<string | undefined> {
  const { user } = await client.users.info({ user: userId });
  const isMember =
    user?.team_id === team &&
    user.deleted !== true &&
    user.is_bot !== true &&
    user.is_restricted !== true &&
    user.is_ultra_restricted !== true &&
    user.is_email_confirmed === true;
  return isMember ? user.profile?.email : undefined;
}
