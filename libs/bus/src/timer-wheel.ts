import type { Clock } from '@sallyport/runtime';

/** A deadline that is waiting in a {@link TimerWheel}; keep it to cancel. */
export interface Ticket<T> {
  readonly value: T;
}

/** A ticket in its slot's ring. */
class Node<T> implements Ticket<T> {
  readonly value: T;
  /** The tick at which it falls due. */
  readonly due: number;
  previous: Node<T> | undefined;
  next: Node<T> | undefined;
  slot: number;

  constructor(value: T, due: number, slot: number) {
    this.value = value;
    this.due = due;
    this.slot = slot;
  }
}

/** Turns without anything to wait for, after which the wheel stops turning. */
const IDLE_TICKS = 64;

/**
 * Many deadlines, one timer. A hashed timing wheel: adding and cancelling cost a few assignments however many wait;
 * in exchange deadlines are coarse.
 *
 * Nothing falls due early; it may fall due up to one slot late, and by as much as the event loop was blocked.
 */
export class TimerWheel<T> implements Disposable {
  readonly #clock: Clock;
  readonly #slotMs: number;
  readonly #slots: (Node<T> | undefined)[];
  readonly #expire: (value: T) => void;
  #size = 0;
  /** Every slot up to this tick has been looked at. */
  #tick = 0;
  #idle = 0;
  #timer: Disposable | undefined;

  /** `expire` is called with the value of each ticket that fell due. It must not throw: the rest of the slot would wait until the wheel has gone round once more. */
  constructor(
    clock: Clock,
    expire: (value: T) => void,
    { slotMs = 10, slots = 512 }: { slotMs?: number; slots?: number } = {},
  ) {
    this.#clock = clock;
    this.#expire = expire;
    this.#slotMs = slotMs;
    this.#slots = new Array<Node<T> | undefined>(slots).fill(undefined);
  }

  /** How many deadlines wait. */
  get size(): number {
    return this.#size;
  }

  /** Lets `value` fall due in `ms`; what isn't positive falls due with the next turn. */
  add(ms: number, value: T): Ticket<T> {
    const now = this.#clock.monotonic();
    if (this.#timer === undefined) this.#start(now);
    const due = Math.max(Math.ceil((now + ms) / this.#slotMs), this.#tick + 1);
    const slot = due % this.#slots.length;
    const node = new Node(value, due, slot);
    const first = this.#slots[slot];
    if (first !== undefined) {
      node.next = first;
      first.previous = node;
    }
    this.#slots[slot] = node;
    this.#size += 1;
    return node;
  }

  /** False when it had fallen due or was cancelled before. */
  cancel(ticket: Ticket<T>): boolean {
    const node = ticket as Node<T>;
    if (node.slot < 0) return false;
    if (node.previous === undefined) this.#slots[node.slot] = node.next;
    else node.previous.next = node.next;
    if (node.next !== undefined) node.next.previous = node.previous;
    node.slot = -1;
    this.#size -= 1;
    return true;
  }

  /** Stops the timer. What still waits never falls due. */
  [Symbol.dispose](): void {
    this.#timer?.[Symbol.dispose]();
    this.#timer = undefined;
    for (const [slot, first] of this.#slots.entries()) {
      for (let node = first; node !== undefined; node = node.next) node.slot = -1;
      this.#slots[slot] = undefined;
    }
    this.#size = 0;
  }

  #start(now: number): void {
    this.#tick = Math.floor(now / this.#slotMs);
    this.#idle = 0;
    this.#timer = this.#clock.every(this.#slotMs, () => this.#turn());
  }

  #turn(): void {
    if (this.#size === 0) {
      this.#idle += 1;
      // Starting a timer for each of many short waits would cost more than the waits.
      if (this.#idle >= IDLE_TICKS) {
        this.#timer?.[Symbol.dispose]();
        this.#timer = undefined;
        return;
      }
    } else this.#idle = 0;
    const now = Math.floor(this.#clock.monotonic() / this.#slotMs);
    // After a long block one full turn has seen every slot.
    const from = Math.max(this.#tick + 1, now - this.#slots.length + 1);
    this.#tick = now;
    for (let tick = from; tick <= now; tick += 1) this.#sweep(tick % this.#slots.length, now);
  }

  #sweep(slot: number, now: number): void {
    // `expire` may cancel or add while we walk, also in this slot: collect first, then call.
    let due: Node<T>[] | undefined;
    for (let node = this.#slots[slot]; node !== undefined; node = node.next) {
      if (node.due > now) continue;
      due ??= [];
      due.push(node);
    }
    if (due === undefined) return;
    for (const node of due) if (this.cancel(node)) this.#expire(node.value);
  }
}
