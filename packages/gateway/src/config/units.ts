/**
 * The units that people write in `sallyport.yaml`: durations, sizes, rates, listen addresses. Each reader takes text
 * that its pattern already matched, so it cannot fail.
 */
import { readDuration } from '@sallyport/guard';
import type { LimitSetting } from '@sallyport/guard/stages';

/** A number of bytes: `65536`, `64Ki`, `1Mi` or `2Gi`. */
export const SIZE = /^(\d{1,12})(Ki|Mi|Gi)?$/;
/** A rate: `100/min`, with any number of ` per <key>`. */
export const RATE = /^([1-9]\d{0,11})\/(s|min|h|d)((?: per (?:tenant|user|agent|tool))*)$/;
/** A port, with or without a host before it. */
export const LISTEN = /^(?:(\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9.-]+):)?(\d{1,5})$/;

const BYTES: Readonly<Record<string, number>> = { Ki: 1024, Mi: 1024 ** 2, Gi: 1024 ** 3 };

/** `1Mi` → bytes. */
export function readSize(text: string): number {
  const match = SIZE.exec(text);
  return Number(match?.[1]) * (BYTES[match?.[2] ?? ''] ?? 1);
}

/** `100/min per user per tool` → a limit. `per` is empty when the text names no key. */
export function readRate(text: string): LimitSetting {
  const match = RATE.exec(text);
  const named = (match?.[3] ?? '').split(' per ').filter((word) => word !== '') as LimitSetting['per'][number][];
  return {
    limit: Number(match?.[1]),
    periodMs: readDuration(`1${match?.[2]?.replace('min', 'm') ?? 'm'}`),
    per: [...new Set(named)],
  };
}

/** `127.0.0.1:8700`, `[::1]:8700` or `8700` (loopback) → host without brackets, and port. */
export function readListen(text: string): { readonly host: string; readonly port: number } {
  const match = LISTEN.exec(text);
  return { host: (match?.[1] ?? '127.0.0.1').replace(/^\[|\]$/g, ''), port: Number(match?.[2]) };
}
