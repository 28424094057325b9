/**
 * The seccomp filter of a confined program, as the bytes of a classic BPF program (seccomp(2)). It refuses calls with
 * an error instead of ending the program, because a program that merely asks what the kernel can do goes on.
 */
import {
  CLONE,
  CLONE3,
  DENIED_SYSCALLS,
  IOCTL,
  SOCKET,
  UNCOUNTED_MEMORY_SYSCALLS,
  UNSHARE,
  type SyscallNumbers,
} from './syscalls.ts';

/** Architectures with a filter. */
export type FilteredArchitecture = keyof SyscallNumbers;

interface Instruction {
  readonly code: number;
  readonly ifTrue: number;
  readonly ifFalse: number;
  readonly value: number;
}

const LOAD_WORD = 0x20;
const IF_EQUAL = 0x15;
const IF_AT_LEAST = 0x35;
const IF_ANY_BIT = 0x45;
const RETURN = 0x06;

/** Offsets in `struct seccomp_data`. */
const NUMBER_OFFSET = 0;
const ARCHITECTURE_OFFSET = 4;
const argumentOffset = (index: number): number => 16 + 8 * index;

const ALLOW = 0x7fff_0000;
const KILL_PROCESS = 0x8000_0000;
const errorWith = (errno: number): number => 0x0005_0000 + errno;
const EPERM = 1;
const ENOSYS = 38;
const EAFNOSUPPORT = 97;

const AUDIT_ARCHITECTURE: Readonly<Record<FilteredArchitecture, number>> = { x64: 0xc000_003e, arm64: 0xc000_00b7 };
/** Numbers from here on are the x32 variants of calls, which the table does not have. */
const X32_FIRST = 0x4000_0000;
/** CLONE_NEWTIME and CLONE_NEWNS, -CGROUP, -UTS, -IPC, -USER, -PID, -NET. */
const NEW_NAMESPACES = 0x7e02_0080;
/** AF_UNIX, AF_INET, AF_INET6, AF_NETLINK. Others reach past the network namespace (AF_VSOCK) or are rarely needed. */
const SOCKET_FAMILIES = [1, 2, 10, 16];
/** TIOCSTI and TIOCLINUX put input into a terminal. */
const TERMINAL_INPUT = [0x5412, 0x541c];

const load = (offset: number): Instruction => ({ code: LOAD_WORD, ifTrue: 0, ifFalse: 0, value: offset });
const result = (value: number): Instruction => ({ code: RETURN, ifTrue: 0, ifFalse: 0, value });
/** Skips `skipped` instructions unless the condition holds. */
const unless = (code: number, value: number, skipped: number): Instruction => ({
  code,
  ifTrue: 0,
  ifFalse: skipped,
  value,
});

/** `body` runs for one call only. The number is loaded again afterwards, because the body may load arguments. */
function forCall(number: number | undefined, body: readonly Instruction[]): readonly Instruction[] {
  if (number === undefined) return [];
  return [unless(IF_EQUAL, number, body.length + 1), ...body, load(NUMBER_OFFSET)];
}

const deny = (numbers: SyscallNumbers, architecture: FilteredArchitecture, errno = EPERM): readonly Instruction[] =>
  forCall(numbers[architecture], [result(errorWith(errno))]);

const denyNamespaces = (numbers: SyscallNumbers, architecture: FilteredArchitecture): readonly Instruction[] =>
  forCall(numbers[architecture], [
    load(argumentOffset(0)),
    unless(IF_ANY_BIT, NEW_NAMESPACES, 1),
    result(errorWith(EPERM)),
  ]);

/**
 * Whether a filter can be made for this machine.
 *
 * @example
 * ```ts
 * if (isFiltered(process.arch)) seccompFilter(process.arch, false);
 * ```
 */
export const isFiltered = (architecture: string): architecture is FilteredArchitecture =>
  Object.hasOwn(AUDIT_ARCHITECTURE, architecture);

/**
 * The filter in the form that `bwrap --seccomp` reads.
 *
 * @param countsProcessesOnly true where memory is counted by process: memory outside of processes is refused then.
 * @example
 * ```ts
 * writeFileSync('filter', seccompFilter('x64', false));
 * ```
 */
export function seccompFilter(architecture: FilteredArchitecture, countsProcessesOnly: boolean): Buffer {
  const denied = Object.values({ ...DENIED_SYSCALLS, ...(countsProcessesOnly && UNCOUNTED_MEMORY_SYSCALLS) });
  const families = SOCKET_FAMILIES.flatMap((family) => [unless(IF_EQUAL, family, 1), result(ALLOW)]);
  const requests = TERMINAL_INPUT.flatMap((request) => [unless(IF_EQUAL, request, 1), result(errorWith(EPERM))]);
  return encode([
    load(ARCHITECTURE_OFFSET),
    { code: IF_EQUAL, ifTrue: 1, ifFalse: 0, value: AUDIT_ARCHITECTURE[architecture] },
    result(KILL_PROCESS),
    load(NUMBER_OFFSET),
    ...(architecture === 'x64' ? [unless(IF_AT_LEAST, X32_FIRST, 1), result(errorWith(ENOSYS))] : []),
    ...denied.flatMap((numbers) => deny(numbers, architecture)),
    ...deny(CLONE3, architecture, ENOSYS),
    ...denyNamespaces(CLONE, architecture),
    ...denyNamespaces(UNSHARE, architecture),
    ...forCall(SOCKET[architecture], [load(argumentOffset(0)), ...families, result(errorWith(EAFNOSUPPORT))]),
    ...forCall(IOCTL[architecture], [load(argumentOffset(1)), ...requests]),
    result(ALLOW),
  ]);
}

/** `struct sock_filter`, little-endian as both architectures are. */
function encode(instructions: readonly Instruction[]): Buffer {
  const bytes = Buffer.alloc(instructions.length * 8);
  for (const [index, { code, ifTrue, ifFalse, value }] of instructions.entries()) {
    bytes.writeUInt16LE(code, index * 8);
    bytes.writeUInt8(ifTrue, index * 8 + 2);
    bytes.writeUInt8(ifFalse, index * 8 + 3);
    bytes.writeUInt32LE(value, index * 8 + 4);
  }
  return bytes;
}
