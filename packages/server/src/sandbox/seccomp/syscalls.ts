/**
 * System calls that a confined program may not use: they change what belongs to the whole machine, look into other
 * processes, or have been the way out of a container before. The numbers are those of the kernel for each architecture.
 */

/** The number of a call by architecture; `undefined` where it does not exist. */
export interface SyscallNumbers {
  readonly x64: number | undefined;
  readonly arm64: number | undefined;
}

const on = (x64: number | undefined, arm64: number | undefined): SyscallNumbers => ({ x64, arm64 });
const onBoth = (number: number): SyscallNumbers => on(number, number);

/** Refused with EPERM, whatever their arguments. */
export const DENIED_SYSCALLS: Readonly<Record<string, SyscallNumbers>> = {
  // Other processes.
  ptrace: on(101, 117),
  process_vm_readv: on(310, 270),
  process_vm_writev: on(311, 271),
  kcmp: on(312, 272),
  pidfd_getfd: onBoth(438),
  // Keys of the kernel belong to a user, not to a namespace.
  add_key: on(248, 217),
  request_key: on(249, 218),
  keyctl: on(250, 219),
  // Namespaces, mounts and roots.
  setns: on(308, 268),
  mount: on(165, 40),
  umount2: on(166, 39),
  pivot_root: on(155, 41),
  chroot: on(161, 51),
  open_tree: onBoth(428),
  move_mount: onBoth(429),
  fsopen: onBoth(430),
  fsconfig: onBoth(431),
  fsmount: onBoth(432),
  fspick: onBoth(433),
  mount_setattr: onBoth(442),
  name_to_handle_at: on(303, 264),
  open_by_handle_at: on(304, 265),
  // Large parts of the kernel that programs hardly need.
  bpf: on(321, 280),
  perf_event_open: on(298, 241),
  userfaultfd: on(323, 282),
  io_uring_setup: onBoth(425),
  io_uring_enter: onBoth(426),
  io_uring_register: onBoth(427),
  fanotify_init: on(300, 262),
  lookup_dcookie: on(212, 18),
  modify_ldt: on(154, undefined),
  uselib: on(134, undefined),
  ustat: on(136, undefined),
  sysfs: on(139, undefined),
  _sysctl: on(156, undefined),
  iopl: on(172, undefined),
  ioperm: on(173, undefined),
  vhangup: on(153, 58),
  mbind: on(237, 235),
  set_mempolicy: on(238, 237),
  get_mempolicy: on(239, 236),
  migrate_pages: on(256, 238),
  move_pages: on(279, 239),
  memfd_secret: onBoth(447),
  // The machine.
  syslog: on(103, 116),
  acct: on(163, 89),
  settimeofday: on(164, 170),
  adjtimex: on(159, 171),
  clock_settime: on(227, 112),
  clock_adjtime: on(305, 266),
  swapon: on(167, 224),
  swapoff: on(168, 225),
  reboot: on(169, 142),
  sethostname: on(170, 161),
  setdomainname: on(171, 162),
  init_module: on(175, 105),
  finit_module: on(313, 273),
  delete_module: on(176, 106),
  kexec_load: on(246, 104),
  kexec_file_load: on(320, 294),
  quotactl: on(179, 60),
  quotactl_fd: onBoth(443),
};

/** Memory that belongs to no process: refused where only the memory of processes can be counted. */
export const UNCOUNTED_MEMORY_SYSCALLS: Readonly<Record<string, SyscallNumbers>> = {
  memfd_create: on(319, 279),
  shmget: on(29, 194),
};

/** Calls whose arguments decide. */
export const CLONE: SyscallNumbers = on(56, 220);
/** Its flags are in memory, where a filter cannot read them. */
export const CLONE3: SyscallNumbers = onBoth(435);
/** Its flags say which namespaces are made. */
export const UNSHARE: SyscallNumbers = on(272, 97);
/** Its first argument is the family. */
export const SOCKET: SyscallNumbers = on(41, 198);
/** Its second argument is the request. */
export const IOCTL: SyscallNumbers = on(16, 29);
