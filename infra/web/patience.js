// Waiting: for time, for the network to come back, for the user to go on.

import { Paused, willPass } from "./errors.js";

const FIRST_PAUSE_MS = 500;
const LONGEST_PAUSE_MS = 30_000;
// How often a server that answers badly is asked; one that cannot be reached is asked for ever.
const ATTEMPTS = 8;

// Ends after `ms`, or at once when the network comes back; throws when `signal` aborts.
export function pause(ms, signal) {
  return new Promise((resolve, reject) => {
    const end = (finish) => () => {
      clearTimeout(timer);
      globalThis.removeEventListener?.("online", ready);
      signal?.removeEventListener("abort", stop);
      finish();
    };
    const ready = end(resolve);
    const stop = end(() => reject(signal.reason));
    const timer = setTimeout(ready, ms);
    globalThis.addEventListener?.("online", ready);
    if (signal?.aborted) stop();
    else signal?.addEventListener("abort", stop);
  });
}

// How long to wait before attempt `attempt` + 1 after `error`.
export function pauseAfter(error, attempt) {
  if (error.retryAfter) return error.retryAfter * 1000;
  return Math.min(FIRST_PAUSE_MS * 2 ** attempt, LONGEST_PAUSE_MS);
}

// Does `step` until it has an answer or an error that waiting does not mend. `onTrouble` is told each
// error that is waited out, and null when it is over. Only for steps that may be done twice.
export async function persist(step, { signal, onTrouble = () => {} }) {
  for (let attempt = 0; ; attempt += 1) {
    try {
      const answer = await step();
      onTrouble(null);
      return answer;
    } catch (error) {
      signal?.throwIfAborted();
      const answered = error.status !== undefined;
      if (!willPass(error) || (answered && attempt + 1 >= ATTEMPTS)) throw error;
      onTrouble(error);
      await pause(pauseAfter(error, attempt), signal);
    }
  }
}

// Ends as `promise` does; throws when `signal` aborts before.
export async function unlessAborted(promise, signal) {
  signal.throwIfAborted();
  let stop;
  const aborted = new Promise((_, reject) => {
    stop = () => reject(signal.reason);
    signal.addEventListener("abort", stop);
  });
  try {
    return await Promise.race([promise, aborted]);
  } finally {
    signal.removeEventListener("abort", stop);
  }
}

// A gate the user can close and open again.
export class Gate {
  #opening = null;
  #open = null;
  #closing = new AbortController();

  // Aborts when the gate closes: for what does not pass it again and again, but is on its way.
  get signal() {
    return this.#closing.signal;
  }

  get closed() {
    return this.#opening !== null;
  }

  close() {
    this.#opening ??= new Promise((resolve) => {
      this.#open = resolve;
    });
    this.#closing.abort(new Paused());
  }

  open() {
    if (!this.closed) return;
    this.#closing = new AbortController();
    this.#open();
    this.#opening = null;
    this.#open = null;
  }

  // Ends when the gate is open; throws when `signal` aborts.
  async opened(signal) {
    while (this.#opening) await unlessAborted(this.#opening, signal);
    signal.throwIfAborted();
  }
}

// Lets so many at once in; the others wait in their order.
export class Lanes {
  #free;
  #waiting = [];

  constructor(count) {
    this.#free = count;
  }

  async enter(signal) {
    if (this.#free > 0) {
      this.#free -= 1;
      return;
    }
    await new Promise((resolve, reject) => {
      this.#waiting.push(resolve);
      signal?.addEventListener("abort", () => {
        const place = this.#waiting.indexOf(resolve);
        if (place < 0) return;
        this.#waiting.splice(place, 1);
        reject(signal.reason);
      }, { once: true });
    });
  }

  leave() {
    const next = this.#waiting.shift();
    if (next) next();
    else this.#free += 1;
  }
}
