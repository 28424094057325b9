import type { PendingPin, Pin, PinStore } from '../ports.ts';

export function createMemoryPins(): PinStore {
  const pins = new Map<string, Pin>();
  const pending = new Map<string, PendingPin>();
  let version = 0;
  const keyOf = (pin: { server: string; kind: string; name: string }): string =>
    JSON.stringify([pin.server, pin.kind, pin.name]);
  return {
    pins: () => [...pins.values()],
    pending: () => [...pending.values()],
    approve(pin) {
      pins.set(keyOf(pin), pin);
      if (pending.get(keyOf(pin))?.digest === pin.digest) pending.delete(keyOf(pin));
      version += 1;
    },
    pinIfAbsent(pin) {
      const known = pins.get(keyOf(pin));
      if (known !== undefined) return known;
      pins.set(keyOf(pin), pin);
      pending.delete(keyOf(pin));
      version += 1;
      return pin;
    },
    savePending(one) {
      pending.set(keyOf(one), one);
      version += 1;
    },
    transaction: (write) => write(),
    version: () => version,
  };
}
