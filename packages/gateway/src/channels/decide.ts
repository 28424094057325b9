/** What somebody says in a channel: who they are is looked up, and they are judged as everywhere. */
import type { FiledApproval, Principal } from '@sallyport/guard';
import type { Channel, Notice } from './channel.ts';
import { contentOf } from './content.ts';

/** How a channel knows the person who pressed something. */
export type KnownAs =
  | { readonly email: string }
  | { readonly objectId: string }
  | { readonly issuer: string; readonly subject: string };

/** What a person said in a channel. */
export interface Said {
  readonly tenant: string;
  readonly id: string;
  readonly verdict: 'approve' | 'deny';
  readonly reason: string | undefined;
  readonly who: KnownAs;
  /** The version of the request that the person saw; absent where the channel changes what it wrote. */
  readonly version?: number;
}

/** What deciding in a channel works with. */
export interface ChannelDecisions {
  /** Who signed in lately with this verified address or id, with the rights of then that still hold. */
  personOf(tenant: string, who: KnownAs): Promise<Principal | undefined>;
  show(tenant: string, id: string): Promise<FiledApproval>;
  noticeOf(approval: FiledApproval): Notice;
  /** Judges, records and decides. @throws GuardError for what may not be. */
  decide(tenant: string, by: Principal, said: Said, channel: string): Promise<FiledApproval>;
}

/** What the person reads. */
export type ChannelAnswer =
  | { readonly ok: true; readonly approval: FiledApproval }
  | { readonly ok: false; readonly why: string };

/** @param argumentsCharactersMax as for the notice that the person saw. */
export async function decideInChannel(
  channel: Pick<Channel, 'name' | 'tenants'>,
  said: Said,
  argumentsCharactersMax: number,
  deps: ChannelDecisions,
): Promise<ChannelAnswer> {
  const { tenant, id, verdict, version } = said;
  const no = (why: string): ChannelAnswer => ({ ok: false, why });
  // U14: a channel of one tenant learns nothing of another's requests.
  if (channel.tenants?.includes(tenant) === false) return no(UNKNOWN);
  const [person, approval] = await Promise.all([
    deps.personOf(tenant, said.who),
    deps.show(tenant, id).catch(() => undefined),
  ]);
  if (person === undefined) return no(NOT_KNOWN);
  if (approval === undefined) return no(UNKNOWN);
  if (version !== undefined && version !== approval.version) return no('It changed meanwhile. Look at the page.');
  const { isPending, approvable, whyNot } = contentOf(deps.noticeOf(approval), argumentsCharactersMax);
  if (!isPending) return no('It does not wait any more.');
  if (verdict === 'approve' && !approvable) return no(whyNot ?? UNKNOWN);
  try {
    return { ok: true, approval: await deps.decide(tenant, person, said, channel.name) };
  } catch (thrown) {
    return no(thrown instanceof Error ? thrown.message : 'It could not be decided.');
  }
}

const UNKNOWN = 'There is no such request.';
const NOT_KNOWN = 'Sallyport does not know you: sign in on the page once, with this address, then press again.';
