/** The filter of system calls, run instruction by instruction for both architectures. */
import { describe, expect, it } from 'vitest';
import { seccompFilter, type FilteredArchitecture } from './filter.ts';
import { CLONE, CLONE3, DENIED_SYSCALLS, IOCTL, SOCKET, UNCOUNTED_MEMORY_SYSCALLS, UNSHARE } from './syscalls.ts';

const ALLOW = 0x7fff_0000;
const KILL = 0x8000_0000;
const error = (errno: number): number => 0x0005_0000 + errno;
const ARCHITECTURES = { x64: 0xc000_003e, arm64: 0xc000_00b7 } as const;

/** What the kernel does with the program (classic BPF) for a call. */
function verdict(filter: Buffer, data: { number: number; architecture: number; args?: readonly number[] }): number {
  const words = new Map<number, number>([
    [0, data.number],
    [4, data.architecture],
    ...(data.args ?? []).map((value, index): [number, number] => [16 + 8 * index, value >>> 0]),
  ]);
  let accumulator = 0;
  for (let at = 0; at < filter.length / 8; at++) {
    const code = filter.readUInt16LE(at * 8);
    const value = filter.readUInt32LE(at * 8 + 4);
    if (code === 0x06) return value;
    if (code === 0x20) accumulator = words.get(value) ?? 0;
    else {
      const holds = { 0x15: accumulator === value, 0x35: accumulator >= value, 0x45: (accumulator & value) !== 0 }[
        code
      ];
      if (holds === undefined) throw new Error(`instruction ${code}`);
      at += filter.readUInt8(at * 8 + (holds ? 2 : 3));
    }
  }
  throw new Error('the program has no end');
}

describe.each(['x64', 'arm64'] as const)('X11 the filter of %s', (name: FilteredArchitecture) => {
  const architecture = ARCHITECTURES[name];
  const filter = seccompFilter(name, false);
  const ask = (number: number | undefined, args: readonly number[] = []): number =>
    verdict(filter, { number: number ?? -1, architecture, args });

  it('refuses what is listed, and allows the rest', () => {
    const numbers = Object.values(DENIED_SYSCALLS).flatMap((on) => on[name] ?? []);
    expect(numbers.length).toBeGreaterThan(45);
    for (let number = 0; number < 470; number++) {
      if ([CLONE3[name], SOCKET[name]].includes(number)) continue;
      expect(ask(number), String(number)).toBe(numbers.includes(number) ? error(1) : ALLOW);
    }
  });

  it('ends a program of another architecture', () => {
    const other = name === 'x64' ? ARCHITECTURES.arm64 : ARCHITECTURES.x64;
    expect(verdict(filter, { number: 0, architecture: other })).toBe(KILL);
    expect(verdict(filter, { number: 0, architecture: 0x4000_0003 })).toBe(KILL);
  });

  it('allows threads and processes, and no namespaces', () => {
    expect(ask(CLONE[name], [0x0100_0011])).toBe(ALLOW);
    for (const flag of [0x80, 0x2_0000, 0x200_0000, 0x400_0000, 0x800_0000, 0x1000_0000, 0x2000_0000, 0x4000_0000]) {
      expect(ask(CLONE[name], [flag + 0x11])).toBe(error(1));
      expect(ask(UNSHARE[name], [flag])).toBe(error(1));
    }
    expect(ask(CLONE3[name])).toBe(error(38));
  });

  it('allows four families of sockets, and no input into terminals', () => {
    const families = Array.from({ length: 46 }, (_, family) => family);
    expect(families.filter((family) => ask(SOCKET[name], [family]) === ALLOW)).toEqual([1, 2, 10, 16]);
    expect(ask(SOCKET[name], [40])).toBe(error(97));
    expect([0x5412, 0x541c, 0x5413].map((request) => ask(IOCTL[name], [0, request]))).toEqual([
      error(1),
      error(1),
      ALLOW,
    ]);
  });

  it('refuses memory outside of processes where processes are counted', () => {
    const counted = seccompFilter(name, true);
    for (const on of Object.values(UNCOUNTED_MEMORY_SYSCALLS)) {
      expect(ask(on[name])).toBe(ALLOW);
      expect(verdict(counted, { number: on[name] ?? -1, architecture })).toBe(error(1));
    }
  });
});

it('X11 the second numbering of x64 is refused', () => {
  const filter = seccompFilter('x64', false);
  expect(verdict(filter, { number: 0x4000_0000 + 101, architecture: ARCHITECTURES.x64 })).toBe(error(38));
});
