/** The port of channels: where people are told of requests for approval, besides the dashboard. */
import type { ApprovalEventKind, FiledApproval } from '@sallyport/guard';

/** Something that happened to a request, for people. */
export interface Notice {
  readonly kind: ApprovalEventKind;
  /** As it is now, which may be later than the event. */
  readonly approval: FiledApproval;
  /** What the approved definition says of the tool. */
  readonly description: string | undefined;
  /** The page of the request on the dashboard. */
  readonly page: string;
}

/** One place where people are told. It never decides: whoever decides there is looked up and judged as everywhere. */
export interface Channel {
  /** Unique among the channels of the configuration, and the same after a restart: `slack C0123`. */
  readonly name: string;
  /** The tenants whose requests it is told of; absent for all. */
  readonly tenants: readonly string[] | undefined;
  /**
   * Tells people. It is called again after an error, so that a person may read a notice twice but never misses one.
   *
   * @param address what an earlier notice of this request returned, for channels that change what they wrote.
   * @returns what to remember of this notice; `undefined` for nothing new.
   */
  send(notice: Notice, address: string | undefined, signal: AbortSignal): Promise<string | undefined>;
}

/** How far each channel has told, kept for all processes on one database. */
export interface ChannelStore {
  /**
   * Lets one process at a time serve a channel, for so long. A channel that is new begins with what happens next.
   *
   * @param owner a text that no other process has.
   * @returns the sequence number of the last event that was told; `undefined` while another process serves it.
   */
  claim(channel: string, owner: string, nowMs: number, leaseMs: number): Promise<number | undefined>;
  /** Notes that everything up to an event was told. @returns false when another process serves the channel by now. */
  advance(channel: string, owner: string, sequence: number): Promise<boolean>;
  /** What the channel remembers of a request. */
  addressOf(channel: string, approvalId: string): Promise<string | undefined>;
  keepAddress(channel: string, approvalId: string, address: string): Promise<void>;
}
