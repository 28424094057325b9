/**
 * B3: a request whose body is not read until its head was judged. Node.js reads a socket on as soon as a request has
 * room for more; this request lets it only after `readOn()`.
 */
import { IncomingMessage } from 'node:http';

/** What the listeners make of every request. */
export class PausableRequest extends IncomingMessage {
  #isPaused = false;

  /** Stops reading from the socket. What was read together with the head still arrives as data. */
  holdBody(): void {
    this.#isPaused = true;
    this.socket.pause();
  }

  /** Whether nothing is read from the socket now. */
  get isHeld(): boolean {
    return this.#isPaused;
  }

  readOn(): void {
    if (!this.#isPaused) return;
    this.#isPaused = false;
    super._read(0);
  }

  override _read(size: number): void {
    if (!this.#isPaused) super._read(size);
  }
}
