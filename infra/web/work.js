// One file on its way, from the choice of it to the end of its job; or a job of before, of which there is
// no file here. It tells what it is at by the event "change"; `work-view.js` shows it.

import * as api from "./api.js";
import { bring } from "./bring.js";
import { Cancelled, Left } from "./errors.js";
import { Pace } from "./pace.js";
import { Gate } from "./patience.js";
import { follow } from "./poll.js";
import { sentence } from "./words.js";

export class Work extends EventTarget {
  // waiting, hashing, asking, uploading, following, cancelling, ended, cancelled, broken
  phase = "waiting";
  // What a broken one broke of.
  error = null;
  // What is being waited out: no connection, or a server that is busy.
  trouble = null;
  // What the API said of the last thing it was asked to do.
  note = "";
  // The same content was there already.
  deduplicated = false;
  // The file is where its job can read it.
  uploaded = false;
  jobId = null;
  job = null;
  // Bytes that were read, and bytes that went out.
  hashed = 0;
  sent = 0;
  pace = new Pace();

  #gate = new Gate();
  #life = new AbortController();

  // A file with what the user says of it: {ledger, account, timezone, date_format}.
  static ofFile(file, options) {
    return Object.assign(new Work(), { file, name: file.name, options });
  }

  // A job of before.
  static ofJob(jobId, name) {
    return Object.assign(new Work(), { file: null, name, jobId });
  }

  get paused() {
    return this.#gate.closed;
  }

  get atRest() {
    return ["ended", "cancelled", "broken"].includes(this.phase);
  }

  // Whether bytes of the file are still to go out, so that closing the page would stop it.
  get needsPage() {
    return this.file !== null && ["waiting", "hashing", "asking", "uploading"].includes(this.phase);
  }

  // Does all there is to do; never throws.
  async run() {
    this.#life = new AbortController();
    Object.assign(this, { error: null, note: "", job: null });
    try {
      if (this.file && !this.uploaded) await this.#bring(this.#life.signal);
      await this.#follow(this.#life.signal);
    } catch (error) {
      if (error instanceof Left) return;
      if (error instanceof Cancelled) return this.#called();
      this.error = error;
      this.#become("broken");
    }
  }

  pause() {
    this.#gate.close();
    this.#changed();
  }

  resume() {
    this.#gate.open();
    this.#changed();
  }

  // Stops it wherever it is. What a turn of the ledger has already is taken out by a job of its own, which
  // the event "began" names.
  async cancel() {
    if (this.needsPage) return this.#life.abort(new Cancelled());
    await this.#ask(async () => {
      const { message, undo_job_id: undo } = await api.cancel(this.jobId);
      this.note = message;
      if (undo) this.#began(undo);
    });
  }

  // Takes what it brought out of the ledger again.
  async undo() {
    await this.#ask(async () => {
      const { job_id: undo } = await api.undo(this.jobId);
      this.job = { ...this.job, undone_by: undo, links: { ...this.job.links, undo: undefined } };
      this.#began(undo);
    });
  }

  // Goes on after an error: with the job when it may be tried again, else with the file.
  async again() {
    if (this.job?.retry_allowed) {
      if (!(await this.#ask(() => api.retry(this.jobId)))) return;
    } else if (this.phase !== "broken" || !this.uploaded) {
      Object.assign(this, { uploaded: false, deduplicated: false, sent: 0 });
    }
    this.#gate.open();
    await this.run();
  }

  // Looks on no more; the job goes on.
  leave() {
    this.#life.abort(new Left());
  }

  async #bring(signal) {
    this.pace.forget();
    await bring(this, {
      signal,
      gate: this.#gate,
      told: {
        phase: (phase) => this.#become(phase),
        progress: (what, done) => this.#progress(what, done),
        trouble: (trouble) => this.#troubled(trouble),
        answer: ({ job_id: jobId, deduplicated }) => Object.assign(this, { jobId, deduplicated }),
      },
    });
    this.uploaded = true;
  }

  async #follow(signal) {
    this.#become("following");
    const onJob = (job) => {
      this.job = job;
      this.#changed();
    };
    await follow(this.jobId, { signal, onTrouble: (trouble) => this.#troubled(trouble), onJob });
    this.#become("ended");
  }

  // A job that waits for its file would wait for an hour: it is told that none comes. When it cannot be told,
  // it is left to that hour.
  async #called() {
    this.#become("cancelling");
    if (this.jobId && !this.deduplicated) await api.cancel(this.jobId).catch(() => null);
    this.#become("cancelled");
  }

  // Asks the API to do something to the job; answers whether it did, and notes why it did not.
  async #ask(step) {
    try {
      await step();
      return true;
    } catch (error) {
      this.note = sentence(error);
      return false;
    } finally {
      this.#changed();
    }
  }

  #began(id) {
    this.dispatchEvent(new CustomEvent("began", { detail: id }));
  }

  #progress(what, done) {
    this[what] = done;
    this.trouble = null;
    this.pace.sample(done, performance.now());
    this.#changed();
  }

  #troubled(trouble) {
    if (trouble === this.trouble) return;
    this.trouble = trouble;
    this.#changed();
  }

  #become(phase) {
    this.phase = phase;
    this.trouble = null;
    this.pace.forget();
    this.#changed();
  }

  #changed() {
    this.dispatchEvent(new Event("change"));
  }
}
