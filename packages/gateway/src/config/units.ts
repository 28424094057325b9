/**
 * The units that people write in `sallyport.yaml`: durations, sizes, rates, listen addresses. Each reader takes text
 * that its pattern already matched, so it cannot fail.
 */
import type { LimitSetting } from '@sallyport/guard/stages';

/** A duration: `500ms`, `30s`, `5m`, `24h` or `7d`. */
export const DURATION = /^(\d{1,9})(ms|s|m|h|d)$/;
/** A number of bytes: `65536`, `64Ki`, `1Mi` or `2Gi`. */
export const SIZE = /^(\d{1,12})(Ki|Mi|Gi)?$/;
/** A rate: `100/min`, with any number of ` per <key>`. */
export const RATE = /^([1-9]\d{0,11})\/(s|min|h|d)((?: per (?:tenant|user|agent|tool))*)$/;
/** A port, with or without a host before it. */
export const LISTEN = /^(?:(\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9.-]+):)?(\d{1,5})$/;

const MILLISECONDS: Readonly<Record<string, number>> = {
  ms: 1,
  s: 1000,
  m: 60_000,
  min: 60_000,
  h: 3_600_000,
  d: 86_400_000,
};
const BYTES: Readonly<Record<string, number>> = { Ki: 1024, Mi: 1024 ** 2, Gi: 1024 ** 3 };

/** `30s` → milliseconds. */
export function readDuration(text: string): number {
  const match = DURATION.exec(text);
  return Number(match?.[1]) * (MILLISECONDS[match?.[2] ?? ''] ?? 1);
}

/** `1Mi` → bytes. */
export function readSize(text: string): number {
  const match = SIZE.exec(text);
  return Number(match?.[1]) * (BYTES[match?.[2] ?? ''] ?? 1);
}

/** `100/min per user per tool` → a limit. `per` is empty when the text names no key. */
export function readRate(text: string): LimitSetting {
  const match = RATE.exec(text);
  const named = (match?.[3] ?? '').split(' per ').filter((word) => word !== '') as LimitSetting['per'][number][];
  return { limit: Number(match?.[1]), periodMs: MILLISECONDS[match?.[2] ?? ''] ?? 60_000, per: [...new Set(named)] };
}

/** `127.0.0.1:8700`, `[::1]:8700` or `8700` (loopback) → host without brackets, and port. */
export function readListen(text: string): { readonly host: string; readonly port: number } {
  const match = LISTEN.exec(text);
  return { host: (match?.[1] ?? '127.0.0.1').replace(/^\[|\]$/g, ''), port: Number(match?.[2]) };
}
