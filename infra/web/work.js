// One file on its way, from the choice of it to the end of its job; or a job of before, of which there is
// no file here. It tells what it is at by the event "change"; `work-view.js` shows it.

import * as api from "./api.js";
import { Cancelled, StorageRefusal, willPass } from "./errors.js";
import { sha256Of } from "./hash.js";
import { Pace } from "./pace.js";
import { Gate, Lanes, pause, pauseAfter, persist, unlessAborted } from "./patience.js";
import { follow } from "./poll.js";
import { send } from "./upload.js";

// Files that are read and sent at the same time; more would only share the same line.
const LANES = new Lanes(3);
// How often a URL that is refused is asked for anew before the user is told.
const FRESH_URLS = 5;
// What goes up at this moment, by what makes two files one job: the same bytes go up once, and who brings
// them again waits for that.
const GOING_UP = new Map();

export class Work extends EventTarget {
  // waiting, hashing, asking, uploading, following, ended, cancelled, broken
  phase = "waiting";
  // What a broken one broke of.
  error = null;
  // What is being waited out: no connection, or a server that is busy.
  trouble = null;
  // The same content was there already.
  deduplicated = false;
  job = null;
  hashed = 0;
  sent = 0;
  pace = new Pace();

  #gate = new Gate();
  #life = new AbortController();
  #sending = null;

  // A file with what the user says of it: {ledger, account, timezone, date_format}.
  static ofFile(file, options) {
    const work = new Work();
    work.file = file;
    work.name = file.name;
    work.options = options;
    return work;
  }

  // A job of before.
  static ofJob(id, name) {
    const work = new Work();
    work.file = null;
    work.name = name;
    work.jobId = id;
    return work;
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
    this.error = null;
    try {
      if (this.file && !this.uploaded) await this.#bring();
      await this.#follow();
    } catch (error) {
      this.error = error instanceof Cancelled ? null : error;
      this.#become(error instanceof Cancelled ? "cancelled" : "broken");
    }
  }

  pause() {
    this.#gate.close();
    this.#sending?.abort(new Paused());
    this.pace.forget();
    this.#changed();
  }

  resume() {
    this.#gate.open();
    this.#changed();
  }

  cancel() {
    this.#life.abort(new Cancelled());
  }

  // Goes on after an error: with the job when it may be tried again, else with the file.
  async again() {
    if (this.job?.retry_allowed) {
      try {
        await api.retry(this.job.job_id);
      } catch (error) {
        this.error = error;
        return this.#become("broken");
      }
    } else {
      this.uploaded = false;
    }
    this.job = null;
    return this.run();
  }

  async #bring() {
    const { signal } = this.#life;
    this.#become("waiting");
    await LANES.enter(signal);
    try {
      this.#become("hashing");
      this.pace.forget();
      this.sha256 ??= await sha256Of(this.file, { signal, gate: this.#gate, onProgress: (done) => this.#progress("hashed", done) });
      await this.#uploadOnce(signal);
      this.uploaded = true;
    } finally {
      LANES.leave();
    }
  }

  async #uploadOnce(signal) {
    const { filename, ...content } = this.#announcement();
    const key = JSON.stringify(content);
    while (GOING_UP.has(key)) await unlessAborted(GOING_UP.get(key), signal);
    const upload = this.#upload(signal);
    GOING_UP.set(key, upload.catch(() => null));
    try {
      await upload;
    } finally {
      GOING_UP.delete(key);
    }
  }

  // Announced again, the same content gets fresh URLs of the same job: so an upload goes on after a pause,
  // a lost connection, and a URL that has expired.
  async #upload(signal) {
    let refused = 0;
    for (let attempt = 0; ; attempt += 1) {
      await this.#gate.opened(signal);
      this.#become("asking");
      const answer = await persist(() => api.announce(this.#announcement(), signal), { signal, onTrouble: (trouble) => this.#troubled(trouble) });
      this.jobId = answer.job_id;
      this.deduplicated = answer.deduplicated;
      if (!answer.upload) return;
      this.#become("uploading");
      try {
        return await this.#send(answer.upload, signal);
      } catch (error) {
        if (error instanceof Paused) continue;
        const expired = error instanceof StorageRefusal && error.status === 403 && (refused += 1) < FRESH_URLS;
        if (!expired && !willPass(error)) throw error;
        this.#troubled(error);
        await pause(pauseAfter(error, attempt), signal);
      }
    }
  }

  async #send(terms, signal) {
    this.#sending = new AbortController();
    this.pace.forget();
    this.sent = 0;
    const both = AbortSignal.any([signal, this.#sending.signal]);
    await send(this.file, terms, { signal: both, onProgress: (done) => this.#progress("sent", done) });
    this.#progress("sent", this.file.size);
  }

  async #follow() {
    this.#become("following");
    await follow(this.jobId, {
      signal: this.#life.signal,
      onTrouble: (trouble) => this.#troubled(trouble),
      onJob: (job) => {
        this.job = job;
        this.#changed();
      },
    });
    this.#become("ended");
  }

  #announcement() {
    const { size, name } = this.file;
    return { filename: name, size, sha256: this.sha256, ...this.options };
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
    this.#changed();
  }

  #changed() {
    this.dispatchEvent(new Event("change"));
  }
}

// The user holds the upload.
class Paused extends Error {}
