// How fast something goes, by its last seconds, and how long the rest will take.

const WINDOW_MS = 6_000;
const FIRST_WORD_MS = 700;

export class Pace {
  #samples = [];

  // `done` of the work was done at `now`, in milliseconds.
  sample(done, now) {
    const last = this.#samples.at(-1);
    // What is done begins anew after a resume: what was measured before says nothing of it.
    if (last && done < last.done) this.#samples = [];
    this.#samples.push({ done, now });
    while (this.#samples.length > 2 && this.#samples[0].now < now - WINDOW_MS) this.#samples.shift();
  }

  // Begins anew, as after a pause.
  forget() {
    this.#samples = [];
  }

  // Per second; null until there is something to go by.
  perSecond() {
    const [first, last] = [this.#samples[0], this.#samples.at(-1)];
    if (!first || last.now - first.now < FIRST_WORD_MS || last.done <= first.done) return null;
    return ((last.done - first.done) * 1000) / (last.now - first.now);
  }

  // Seconds until `total` is done; null until there is something to go by.
  secondsLeft(total) {
    const speed = this.perSecond();
    return speed === null ? null : Math.max(0, total - this.#samples.at(-1).done) / speed;
  }
}
