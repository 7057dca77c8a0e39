// The card of a file on its way, or of a job of before.

import { FileTrouble } from "./errors.js";
import { count, counts, bytes, kind, pace, sentence, stage, state } from "./words.js";
import { download, firstRejects } from "./rejects.js";
import { tell } from "./live.js";

// Refused rows that are shown; the file has all of them.
const SHOWN_REJECTS = 20;

let cards = 0;

export class WorkView {
  #work;
  #parts = {};
  #bars = new Map();
  #said = "";
  #rejectsOf = null;

  constructor(work, onGone) {
    this.#work = work;
    this.element = document.getElementById("card").content.firstElementChild.cloneNode(true);
    for (const part of this.element.querySelectorAll("[data-part]")) this.#parts[part.dataset.part] = part;
    cards += 1;
    const title = this.#parts.name;
    title.id = `card-${cards}`;
    this.element.setAttribute("aria-labelledby", title.id);
    const { pause, cancel, again, undo, gone, rejects } = this.#parts;
    pause.onclick = () => (work.paused ? work.resume() : work.pause());
    cancel.onclick = () => work.cancel();
    again.onclick = () => work.again();
    undo.onclick = () => work.undo();
    gone.onclick = () => onGone(this);
    rejects.onclick = () => this.#load(work.job.links.rejects);
    work.addEventListener("change", () => this.render());
    this.render();
  }

  get work() {
    return this.#work;
  }

  focus() {
    this.#parts.name.focus();
  }

  render() {
    const work = this.#work;
    const parts = this.#parts;
    parts.name.textContent = work.name || kind(work.job?.kind ?? "");
    parts.size.textContent = work.file ? bytes(work.file.size) : "";
    this.element.dataset.state = standing(work);
    this.#say(headline(work));
    parts.detail.textContent = detail(work);
    this.#renderBars();
    // What has gone well is told in a line.
    parts.bars.hidden = work.phase === "ended" && work.job.state !== "failed";
    this.#renderWarnings();
    this.#renderButtons();
    if (work.job?.links.rejects && work.job.is_terminal) this.#showRejects(work.job.links.rejects);
  }

  #say(words) {
    this.#parts.headline.textContent = words;
    // What changes many times a second is for eyes; ends and halts are said.
    const spoken = `${this.#work.name}: ${words}`;
    if ((this.#work.atRest || this.#work.trouble || this.#work.paused) && spoken !== this.#said) tell(spoken);
    this.#said = spoken;
  }

  #renderBars() {
    const work = this.#work;
    if (work.file) {
      this.#bar("hash", "Checking the file", work.hashed, work.file.size, work.phase === "hashing" ? pace(work.pace, work.file.size) : "");
      const there = work.uploaded || work.deduplicated;
      this.#bar("upload", "Uploading", there ? work.file.size : work.sent, work.file.size, work.phase === "uploading" ? pace(work.pace, work.file.size) : "");
    }
    for (const at of work.job?.progress.stages ?? []) {
      // What a failed job never came to is no news.
      if (at.state === "pending" && work.job.is_terminal) continue;
      const done = at.state === "done";
      const words = !done && at.total > 1 ? `${at.done} of ${at.total}` : "";
      this.#bar(at.name, stage(at.name), done ? 1 : at.done, done ? 1 : Math.max(at.total, 1), at.state === "failed" ? "failed" : words);
    }
  }

  // A bar of an empty file is full once it is done with.
  #bar(name, label, done, total, words) {
    const bar = this.#bars.get(name) ?? this.#newBar(name, label);
    bar.progress.max = total || 1;
    bar.progress.value = total ? done : Number(this.#work.phase !== "waiting");
    bar.words.textContent = words || `${Math.floor((100 * bar.progress.value) / bar.progress.max)} %`;
  }

  #newBar(name, label) {
    const row = document.getElementById("bar").content.firstElementChild.cloneNode(true);
    const [text, progress, words] = row.children;
    text.textContent = label;
    progress.setAttribute("aria-label", label);
    row.dataset.stage = name;
    this.#parts.bars.append(row);
    const bar = { progress, words };
    this.#bars.set(name, bar);
    return bar;
  }

  #renderWarnings() {
    const warnings = this.#work.job?.warnings ?? [];
    // Refused rows are shown below.
    const shown = warnings.filter((warning) => warning.code !== "rejected_records");
    this.#parts.warnings.replaceChildren(...shown.map((warning) => item(warning.message)));
  }

  #renderButtons() {
    const work = this.#work;
    const { pause, cancel, again, undo, gone } = this.#parts;
    const links = work.phase === "following" || work.phase === "ended" ? work.job?.links : null;
    pause.hidden = !work.needsPage;
    pause.textContent = work.paused ? "Resume" : "Pause";
    cancel.hidden = !work.needsPage && !links?.cancel;
    again.hidden = !mayGoAgain(work);
    undo.hidden = !links?.undo;
    // The API lists every job: only what never became one can be taken off.
    gone.hidden = !work.atRest || work.jobId !== null;
    for (const button of [pause, cancel, again, undo, gone]) button.setAttribute("aria-describedby", this.#parts.name.id);
  }

  async #showRejects(path) {
    const key = `${path} ${this.#work.job.counts.rejected}`;
    if (this.#rejectsOf === key || this.#work.job.counts.rejected === 0) return;
    this.#rejectsOf = key;
    const { refused, rows, more } = this.#parts;
    try {
      const first = await firstRejects(path, SHOWN_REJECTS);
      rows.replaceChildren(...first.map(rowOf));
      const rest = this.#work.job.counts.rejected - first.length;
      more.textContent = rest > 0 ? `and ${count(rest, "row")} more in the file` : "";
    } catch (error) {
      more.textContent = sentence(error);
    }
    refused.hidden = false;
  }

  async #load(path) {
    try {
      await download(path);
    } catch (error) {
      this.#parts.more.textContent = sentence(error);
    }
  }
}

function item(words) {
  const element = document.createElement("li");
  element.textContent = words;
  return element;
}

function rowOf({ line, message }) {
  const row = document.createElement("tr");
  const head = document.createElement("th");
  head.scope = "row";
  head.textContent = line;
  const cell = document.createElement("td");
  cell.textContent = message;
  row.append(head, cell);
  return row;
}

// The card's look: good, warned, bad, held or busy.
function standing(work) {
  if (work.phase === "broken") return "bad";
  if (work.phase === "cancelled") return "held";
  if (work.paused || work.trouble) return "held";
  if (work.phase !== "ended") return "busy";
  if (work.job.undone_by || work.job.state === "cancelled") return "held";
  if (work.job.state === "completed") return "good";
  return work.job.state === "completed_with_warnings" ? "warned" : "bad";
}

const PHASES = {
  waiting: "Waiting for its turn",
  hashing: "Checking the file",
  asking: "Asking where to upload it",
  uploading: "Uploading",
  cancelling: "Being cancelled",
  cancelled: "Cancelled",
  broken: "Did not work",
};

function headline(work) {
  if (work.paused && work.needsPage) return "Paused";
  if (work.trouble) return sentence(work.trouble);
  if (work.phase === "following" && !work.file && work.job?.state === "awaiting_upload") {
    return "The file is not here yet. Add it again to go on with its upload.";
  }
  if (work.phase === "following" && work.job && work.job.state !== "awaiting_upload") {
    return `${sentenceCase(work.job.progress.message)} (${work.job.progress.percent} %)`;
  }
  if (work.phase === "ended") return state(work.job.state);
  return PHASES[work.phase] ?? "Waiting for the server to see the file";
}

function sentenceCase(words) {
  return words.charAt(0).toUpperCase() + words.slice(1);
}

function detail(work) {
  const lines = [];
  if (work.deduplicated) lines.push("This very file was uploaded before: this is what became of it.");
  if (work.phase === "broken") lines.push(sentence(work.error));
  if (work.note) lines.push(sentenceCase(work.note));
  if (work.job?.undone_by) lines.push("It is taken out of the ledger again.");
  if (work.job?.error) lines.push(work.job.error.message);
  if (work.job?.is_terminal && work.job.counts.total > 0) lines.push(counts(work.job.counts));
  return lines.join("\n");
}

// Whether "Try again" would do something: a job that failed by no fault of its file, or a file that is here.
function mayGoAgain(work) {
  if (work.phase === "ended") return work.job.retry_allowed || (work.file !== null && ["cancelled", "expired"].includes(work.job.state));
  // A file that changed is another one: the browser keeps what it was told of it.
  if (work.phase === "broken") return !(work.error instanceof FileTrouble);
  return work.phase === "cancelled" && work.file !== null;
}
